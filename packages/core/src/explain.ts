import { rolloutBucket } from './bucket.js';
import { stricterModel } from './consent.js';
import type { ControlView } from './control.js';
import { DEFAULT_SETTINGS, type DecideSettings, decide, featureOf } from './decide.js';
import type { Decision, Gate } from './decision.js';
import type { ChangeFlag, FeatureFlag, FlagSnapshot, StageRule } from './flag.js';
import {
  type ClosedGate,
  configGate,
  consentGate,
  exclusionGate,
  flagGate,
  forceOffGate,
  type GateInput,
  isPercentageApplied,
  killGate,
  regionGate,
  rolloutGate,
  stageGate,
  targetingGate,
  taskGate,
  tierGate,
  toGateInput,
} from './gates.js';
import type { AccessPolicy } from './parameters.js';
import { type Subject, stickyValue } from './subject.js';
import { effectiveMode } from './verdict.js';

/** One gate, evaluated by itself. */
export interface GateReport {
  readonly gate: Gate;
  /** The flag that the gate belongs to. */
  readonly flag: string;
  /** Number of the rule, from 1; undefined for a gate of the whole flag. */
  readonly rule: number | undefined;
  readonly saw: string;
  readonly open: boolean;
  /** Reason if closed; the mode for gate `mode`. */
  readonly detail: string | undefined;
}

/** A decision, and every gate evaluated by itself. */
export interface Explanation {
  readonly decision: Decision;
  readonly gates: readonly GateReport[];
}

/** Decides as {@link decide} does, and reports every gate, including those after the one that decided. */
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
  const input = toGateInput(feature, subject, control, settings);
  const changes = flag.kind === 'change' ? [flag] : flag.kind === 'feature' ? snapshot.changesOf(name) : [];
  const gates = [...featureReports(input), ...changes.flatMap((change) => changeReports({ ...input, change }, change))];
  return { decision, gates };
}

function featureReports(input: GateInput): GateReport[] {
  const { feature, subject, control } = input;
  const { access } = feature;
  const row = createReporter(feature.name, undefined);
  const kills = `flag ${describeFlag(feature)}, ${describeKills(control)}`;
  const first = [row('kill', kills, killGate(input)), row('config', describeProblems(feature), configGate(input))];
  if (access === undefined) return first;
  return [
    ...first,
    row('force_off', describeForce(input, access.forceOff), forceOffGate(input, access)),
    row('exclusion', describeExclusion(access, subject), exclusionGate(input, access)),
    row('consent', describeConsent(input, access), consentGate(input, access, undefined)),
    row('targeting', describeConstraints(feature.targeting), targetingGate(input, undefined)),
    row('tier', `tier ${formatFact(subject.tier)}, lowest ${access.minTier ?? 'any'}`, tierGate(input, access)),
  ];
}

function changeReports(input: GateInput, change: ChangeFlag): GateReport[] {
  const { control, feature } = input;
  const row = createReporter(change.name, undefined);
  const first = [
    row('flag', change.enabled ? 'on' : 'off in this environment', flagGate(input)),
    row('kill', describeKills(control), killGate(input)),
    row('config', describeProblems(change), configGate(input)),
  ];
  const { access } = feature;
  if (access === undefined) return first;
  const forced = row('force_off', describeForce(input, change.forceOff), forceOffGate(input, access));
  return [
    ...first,
    forced,
    ...change.rules.flatMap((rule, index) => ruleReports(input, access, change, rule, index + 1)),
  ];
}

function ruleReports(
  input: GateInput,
  access: AccessPolicy,
  change: ChangeFlag,
  rule: StageRule,
  index: number,
): GateReport[] {
  const { subject } = input;
  const { policy } = rule;
  const row = createReporter(change.name, index);
  const mode = effectiveMode(input, access, rule);
  const cohorts = subject.cohorts?.join(' ') || 'none';
  return [
    row('consent', `terms from version ${policy.consentVersion ?? 'any'}`, consentGate(input, access, policy)),
    row('targeting', describeConstraints(rule.targeting), targetingGate(input, rule)),
    row(
      'stage',
      `${policy.stage}; tenant ${formatFact(subject.tenantId)}, tier ${formatFact(subject.tier)}, cohorts ${cohorts}`,
      stageGate(input, rule),
    ),
    row(
      'region',
      `${formatFact(subject.region)}, allowed ${[...policy.regions].join(' ') || 'any'}`,
      regionGate(input, rule),
    ),
    row(
      'task',
      `complexity ${formatFact(subject.complexity)}, hardest ${policy.maxComplexity ?? 'any'}`,
      taskGate(input, rule),
    ),
    row('rollout', describeRollout(input, rule), rolloutGate(input, rule)),
    { ...row('mode', `${policy.mode}, capped at ${mode}`, undefined), open: mode !== 'shadow', detail: mode },
  ];
}

function createReporter(flag: string, rule: number | undefined) {
  return (gate: Gate, saw: string, closed: ClosedGate | undefined): GateReport => {
    // Some gates cover feature and change; this report is about one of them.
    const open = closed === undefined || closed.gate !== gate;
    return { gate, flag, rule, saw, open, detail: open ? undefined : closed?.detail };
  };
}

const formatFact = (fact: string | number | undefined): string => (fact === undefined ? 'unknown' : String(fact));

const describeFlag = ({ enabled, launched }: FeatureFlag): string =>
  enabled ? 'on' : launched ? 'off' : 'off and never launched';

const describeKills = (control: ControlView | undefined): string =>
  control === undefined ? 'kill switches unknown' : `${control.kills.length} kill switches`;

const describeProblems = ({ problems }: FeatureFlag | ChangeFlag): string =>
  problems.length === 0
    ? 'readable'
    : problems.map(({ field, value, fix }) => `${field} = ${JSON.stringify(value)}: ${fix}`).join('; ');

const describeConstraints = (targeting: unknown): string =>
  targeting === undefined ? 'no constraints' : 'constraints or segments';

function describeForce({ subject, control }: GateInput, listed: ReadonlySet<string>): string {
  const overrides = control?.tenant.overrides?.length ?? 0;
  const lists = `tenant ${formatFact(subject.tenantId)}, ${listed.size} listed`;
  return overrides === 0 ? lists : `${lists}, ${overrides} overrides`;
}

function describeExclusion(access: AccessPolicy, subject: Subject): string {
  const { labels, stated } = subject;
  const unknown =
    stated.labels === undefined || stated.labels === null ? 'labels unknown' : 'labels that can not be read';
  const known = labels === undefined ? unknown : `labels ${labels.join(' ') || 'none'}`;
  return `${known}, excluded ${[...access.exclude].join(' ') || 'none'}${subject.aiOptOut ? ', opted out of AI' : ''}`;
}

function describeConsent({ subject, control }: GateInput, access: AccessPolicy): string {
  if (control === undefined) return 'no fresh enough state';
  const consent = control.tenant.consents.get(access.featureClass);
  const model = stricterModel(access.consent, control.models.get(access.featureClass));
  const version = consent?.version === undefined ? '' : ` version ${consent.version}`;
  return `tenant ${formatFact(subject.tenantId)}, ${access.featureClass}: ${consent?.state ?? 'unset'}${version} under ${model}`;
}

function describeRollout(input: GateInput, { policy }: StageRule): string {
  const { subject } = input;
  const sticky = stickyValue(subject, policy.stickiness);
  if (sticky === undefined) return `${policy.rollout}%, ${policy.stickiness} unknown`;
  const applies = isPercentageApplied(input, policy) ? '' : ' (does not apply to this subject)';
  return `bucket ${rolloutBucket(sticky, policy.groupId)} of ${policy.stickiness}, ${policy.rollout}%${applies}`;
}
