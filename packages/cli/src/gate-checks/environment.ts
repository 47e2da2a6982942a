import {
  type AccessPolicy,
  type ControlView,
  describeProblem,
  type FlagDefinition,
  type Kill,
  stricterModel,
} from '@rampart/core';
import { DefinitionSnapshot, UnleashEvaluator } from '@rampart/unleash';
import { failed, type GateFinding, passed } from './finding.js';

/** The feature in one environment where the flag is on. */
export interface FeaturePlace {
  readonly environment: string;
  readonly feature: string;
  /** The flag that gets the feature as its parent. */
  readonly flag: string;
  /** The flags of the environment as clients get them. */
  readonly definitions: readonly FlagDefinition[];
  readonly tiers: readonly string[];
}

/** The policy of the feature; undefined where it can't be read. */
function accessOf({ definitions, feature, tiers }: FeaturePlace): AccessPolicy | undefined {
  const flag = new DefinitionSnapshot(definitions, { tiers, evaluator: new UnleashEvaluator() }).flag(feature);
  return flag?.kind === 'feature' ? flag.access : undefined;
}

/** Checks that the feature is on and can be read. */
export function checkFeature(place: FeaturePlace): readonly GateFinding[] {
  const { definitions, environment, feature, flag, tiers } = place;
  const compiled = new DefinitionSnapshot(definitions, { tiers, evaluator: new UnleashEvaluator() }).flag(feature);
  const problems = compiled?.kind === 'feature' ? compiled.problems : [];
  const findings = problems.map((problem) =>
    failed('feature', environment, {
      found: `${feature} can't be read, so ${flag} would be closed at gate config`,
      fix: describeProblem(problem),
    }),
  );
  if (compiled?.kind !== 'feature' || !compiled.enabled) {
    const found = `${feature} is off, so ${flag}, which is on, would be off for everyone`;
    const fix = `switch ${feature} on in ${environment}, or pass --accept-environment ${environment}`;
    findings.push(failed('feature', environment, { found, fix }));
  }
  return findings.length > 0
    ? findings
    : [passed('feature', environment, `${feature} is on and has a readable policy`)];
}

/** Checks that no live kill covers the whole feature: its flag may still be on in Unleash. Narrower kills are a matter of the access check. */
export function checkKills(
  kills: readonly Kill[],
  { feature, flag, acceptLoss }: { readonly feature: string; readonly flag: string; readonly acceptLoss: boolean },
): readonly GateFinding[] {
  const covering = kills.filter(({ scope: { all, feature: killed, ...others } }) => {
    const isWhole = Object.values(others).every((part) => part === undefined);
    return isWhole && (all === true || killed === feature);
  });
  return covering.map(({ id }) => {
    const found = `${id} kills ${feature}, so ${flag}, which is on, would be off for everyone`;
    return failed('feature', '', { found, fix: `revive ${id}, or pass --accept-loss`, isAccepted: acceptLoss });
  });
}

/** Where consents come from: the database, or what the command line says. */
export type ConsentSource =
  | { readonly from: 'database'; readonly models: ControlView['models']; readonly optIns: ReadonlyMap<string, number> }
  | { readonly from: 'options' }
  | { readonly from: 'nowhere' };

/** Checks that the consents that the feature asks for are recorded. Which tenant lacks one is a matter of the access check. */
export function checkConsent(place: FeaturePlace, source: ConsentSource): readonly GateFinding[] {
  const access = accessOf(place);
  if (access === undefined) return [];
  const { environment } = place;
  const { featureClass, consentVersion } = access;
  const stored = source.from === 'database' ? source.models.get(featureClass) : undefined;
  const model = stricterModel(access.consent, stored);
  const terms = consentVersion === undefined ? '' : ` to terms ${consentVersion} or newer`;
  const needsOptIn = model === 'opt_in' || (model !== 'not_required' && consentVersion !== undefined);
  const ok = (found: string): readonly GateFinding[] => [passed('consent', environment, found)];
  if (!needsOptIn) return ok(`the model of class ${featureClass} is ${model}: no opt-in is needed`);
  if (source.from === 'options') return ok(`class ${featureClass} as --consent or --control says`);
  const record = `rampart consent import FILE --reason REASON`;
  if (source.from === 'nowhere') {
    const found = `class ${featureClass} needs an opt-in${terms}, and no database is configured: consents can't be checked`;
    const fix = `set RAMPART_DATABASE_URL and RAMPART_SECRET, or state the consents with --consent ${featureClass}=opt_in or --control FILE`;
    return [failed('consent', environment, { found, fix })];
  }
  const optIns = source.optIns.get(featureClass) ?? 0;
  if (optIns > 0) return ok(`${optIns} tenants opted in to class ${featureClass}; access checks each tenant`);
  const found = `class ${featureClass} needs an opt-in${terms}, and no tenant has recorded one`;
  const fix = `record the consents (${record}), or set consent to opt_out on ${place.feature}`;
  return [failed('consent', environment, { found, fix })];
}
