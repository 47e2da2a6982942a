import { AI_ACCESS, AI_STAGE } from '@rampart/core';
import type { Application } from '@rampart/unleash/admin';
import { failed, type GateFinding, passed } from './finding.js';

/** Which applications are checked, and what is accepted. */
export interface ApplicationOptions {
  readonly flag: string;
  readonly project: string;
  /** The names of the applications that sent usage of the flag lately. */
  readonly using: readonly string[];
  /** Names of applications that may lose the flag. */
  readonly accepted: readonly string[];
  /** Whether applications that sent no usage of the flag lately are accepted. */
  readonly acceptUnseen: boolean;
}

/** An SDK without the strategies answers false for a flag whose parent carries `aiAccess`. */
export function checkApplications(
  applications: readonly Application[],
  { flag, project, using, accepted, acceptUnseen }: ApplicationOptions,
): readonly GateFinding[] {
  const registered = new Set(applications.map(({ name }) => name));
  const unregistered = using.filter((name) => !registered.has(name));
  const relevant = [
    ...applications.filter(({ name, projects }) => using.includes(name) || readsProject(projects, project)),
    ...unregistered.map((name) => ({ name, strategies: [], projects: [] })),
  ];
  const findings = relevant.flatMap(({ name, strategies }) => {
    const missing = [AI_ACCESS.name, AI_STAGE.name].filter((strategy) => !strategies.includes(strategy));
    if (missing.length === 0) return [];
    const isUsing = using.includes(name);
    const usage = isUsing ? `asks for ${flag}` : `sent no usage of ${flag} in the last 24 hours`;
    const found = `${usage} and doesn't know ${missing.join(' and ')}: it would get false`;
    const others = isUsing ? '' : ' or --accept-unseen-applications';
    const fix = `use createRampart or rampartStrategies in it, or ask a gateway; or pass --accept-application ${name}${others}`;
    return [
      failed('applications', name, {
        found,
        fix,
        isAccepted: accepted.includes(name) || (acceptUnseen && !isUsing),
      }),
    ];
  });
  const count = relevant.length - findings.length;
  const known = `${count} of ${relevant.length} applications that Unleash knows have the strategies`;
  return [
    ...findings,
    ...(findings.length < relevant.length || relevant.length === 0 ? [passed('applications', '', known)] : []),
  ];
}

const readsProject = (projects: readonly string[], project: string): boolean =>
  projects.length === 0 || projects.includes('*') || projects.includes(project);
