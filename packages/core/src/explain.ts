import { rolloutBucket } from './bucket.js';
import { stricterModel } from './consent.js';
import type { ControlView } from './control.js';
import { DEFAULT_SETTINGS, type DecideSettings, decide, featureOf } from './decide.js';
import type { Decision, Gate } from './decision.js';
import type { ChangeFlag, FeatureFlag, FlagSnapshot, StageRule } from './flag.js';
import {
  type Closed,
  configGate,
  consentGate,
  dependsOnShare,
  exclusionGate,
  flagGate,
  forceOffGate,
  killGate,
  type Question,
  questionOf,
  regionGate,
  rolloutGate,
  stageGate,
  targetingGate,
  taskGate,
  tierGate,
} from './gates.js';
import type { AccessPolicy } from './parameters.js';
import { type Subject, stickyValue } from './subject.js';
import { effectiveMode } from './verdict.js';

/** One line of the gate table: what a gate saw and what it said, asked by itself. */
export interface GateReport {
  readonly gate: Gate;
  /** The flag whose gate it is. */
  readonly flag: string;
  /** The rule it belongs to, counted from 1; undefined for the whole flag. */
  readonly rule: number | undefined;
  readonly saw: string;
  readonly open: boolean;
  /** Why it is closed, or the mode. */
  readonly detail: string | undefined;
}

/** A decision, with every gate asked by itself. */
export interface Explanation {
  readonly decision: Decision;
  readonly gates: readonly GateReport[];
}

/** Decides as {@link decide} does and tells what every gate saw, also those that never came to decide. */
export function explain(
  snapshot: FlagSnapshot,
  name: string,
  subject: Subject,
  control: ControlView | undefined,
  settings: DecideSettings = DEFAULT_SETTINGS,
): Explanation {
  const { decision } = decide(snapshot, name, subject, control, settings);
  const flag = snapshot.flag(name);
  if (flag === undefined || flag.kind === 'plain') {
    const saw = flag === undefined ? 'no such flag' : 'no Rampart strategy or parent';
    return {
      decision,
      gates: [{ gate: 'flag', flag: name, rule: undefined, saw, open: flag !== undefined, detail: decision.detail }],
    };
  }
  const feature = featureOf(snapshot, flag);
  const question = questionOf(feature, subject, control, settings);
  const changes = flag.kind === 'change' ? [flag] : flag.kind === 'feature' ? snapshot.changesOf(name) : [];
  const gates = [
    ...featureReports(question),
    ...changes.flatMap((change) => changeReports({ ...question, change }, change)),
  ];
  return { decision, gates };
}

function featureReports(question: Question): GateReport[] {
  const { feature, subject, control } = question;
  const { access } = feature;
  const row = reporter(feature.name, undefined);
  const kills = `flag ${flagSeen(feature)}, ${killsSeen(control)}`;
  const first = [row('kill', kills, killGate(question)), row('config', problemsSeen(feature), configGate(question))];
  if (access === undefined) return first;
  return [
    ...first,
    row('force_off', forceSeen(question, access.forceOff), forceOffGate(question, access)),
    row('exclusion', exclusionSeen(access, subject), exclusionGate(question, access)),
    row('consent', consentSeen(question, access), consentGate(question, access, undefined)),
    row('targeting', constraintsSeen(feature.targeting), targetingGate(question, undefined)),
    row('tier', `tier ${shown(subject.tier)}, lowest ${access.minTier ?? 'any'}`, tierGate(question, access)),
  ];
}

function changeReports(question: Question, change: ChangeFlag): GateReport[] {
  const { control, feature } = question;
  const row = reporter(change.name, undefined);
  const first = [
    row('flag', change.enabled ? 'on' : 'off in this environment', flagGate(question)),
    row('kill', killsSeen(control), killGate(question)),
    row('config', problemsSeen(change), configGate(question)),
  ];
  const { access } = feature;
  if (access === undefined) return first;
  const forced = row('force_off', forceSeen(question, change.forceOff), forceOffGate(question, access));
  return [
    ...first,
    forced,
    ...change.rules.flatMap((rule, index) => ruleReports(question, access, change, rule, index + 1)),
  ];
}

function ruleReports(
  question: Question,
  access: AccessPolicy,
  change: ChangeFlag,
  rule: StageRule,
  index: number,
): GateReport[] {
  const { subject } = question;
  const { policy } = rule;
  const row = reporter(change.name, index);
  const mode = effectiveMode(question, access, rule);
  const cohorts = subject.cohorts?.join(' ') || 'none';
  return [
    row('consent', `terms from version ${policy.consentVersion ?? 'any'}`, consentGate(question, access, policy)),
    row('targeting', constraintsSeen(rule.targeting), targetingGate(question, rule)),
    row(
      'stage',
      `${policy.stage}; tenant ${shown(subject.tenantId)}, tier ${shown(subject.tier)}, cohorts ${cohorts}`,
      stageGate(question, rule),
    ),
    row(
      'region',
      `${shown(subject.region)}, allowed ${[...policy.regions].join(' ') || 'any'}`,
      regionGate(question, rule),
    ),
    row(
      'task',
      `complexity ${shown(subject.complexity)}, hardest ${policy.maxComplexity ?? 'any'}`,
      taskGate(question, rule),
    ),
    row('rollout', rolloutSeen(question, rule), rolloutGate(question, rule)),
    { ...row('mode', `${policy.mode}, capped at ${mode}`, undefined), open: mode !== 'shadow', detail: mode },
  ];
}

function reporter(flag: string, rule: number | undefined) {
  return (gate: Gate, saw: string, closed: Closed | undefined): GateReport => {
    // A gate that looks at both levels speaks here only for what it is asked about.
    const open = closed === undefined || closed.gate !== gate;
    return { gate, flag, rule, saw, open, detail: open ? undefined : closed?.detail };
  };
}

const shown = (fact: string | number | undefined): string => (fact === undefined ? 'unknown' : String(fact));

const flagSeen = ({ enabled, launched }: FeatureFlag): string =>
  enabled ? 'on' : launched ? 'off' : 'off and never launched';

const killsSeen = (control: ControlView | undefined): string =>
  control === undefined ? 'kill switches unknown' : `${control.kills.length} kill switches`;

const problemsSeen = ({ problems }: FeatureFlag | ChangeFlag): string =>
  problems.length === 0
    ? 'readable'
    : problems.map(({ field, value, fix }) => `${field} = ${JSON.stringify(value)}: ${fix}`).join('; ');

const constraintsSeen = (targeting: unknown): string =>
  targeting === undefined ? 'no constraints' : 'constraints or segments';

function forceSeen({ subject, control }: Question, listed: ReadonlySet<string>): string {
  const overrides = control?.tenant.overrides?.length ?? 0;
  const seen = `tenant ${shown(subject.tenantId)}, ${listed.size} listed`;
  return overrides === 0 ? seen : `${seen}, ${overrides} overrides`;
}

function exclusionSeen(access: AccessPolicy, subject: Subject): string {
  const { labels, stated } = subject;
  const unknown =
    stated.labels === undefined || stated.labels === null ? 'labels unknown' : 'labels that can not be read';
  const seen = labels === undefined ? unknown : `labels ${labels.join(' ') || 'none'}`;
  return `${seen}, excluded ${[...access.exclude].join(' ') || 'none'}${subject.aiOptOut ? ', opted out of AI' : ''}`;
}

function consentSeen({ subject, control }: Question, access: AccessPolicy): string {
  if (control === undefined) return 'nothing fresh enough is known';
  const consent = control.tenant.consents.get(access.featureClass);
  const model = stricterModel(access.consent, control.models.get(access.featureClass));
  const version = consent?.version === undefined ? '' : ` version ${consent.version}`;
  return `tenant ${shown(subject.tenantId)}, ${access.featureClass}: ${consent?.state ?? 'unset'}${version} under ${model}`;
}

function rolloutSeen(question: Question, { policy }: StageRule): string {
  const { subject } = question;
  const sticky = stickyValue(subject, policy.stickiness);
  if (sticky === undefined) return `${policy.rollout}%, ${policy.stickiness} unknown`;
  const applies = dependsOnShare(question, policy) ? '' : ' (does not apply to this subject)';
  return `bucket ${rolloutBucket(sticky, policy.groupId)} of ${policy.stickiness}, ${policy.rollout}%${applies}`;
}
