/** A parameter of a custom strategy as Unleash's admin API takes it. */
export interface ParameterDefinition {
  readonly name: string;
  readonly type: 'string' | 'percentage' | 'list' | 'number' | 'boolean';
  /** Shown in the form of the Unleash UI: meaning, allowed values and default. */
  readonly description: string;
  readonly required: boolean;
}

/** A custom strategy as Unleash's admin API takes it. */
export interface StrategyDefinition {
  readonly name: string;
  readonly description: string;
  readonly parameters: readonly ParameterDefinition[];
}

// No parameter has the type `number`: where one is empty, the overview of Unleash's UI says that it is set to 0.
const parameter = (
  name: string,
  type: ParameterDefinition['type'],
  description: string,
  required = false,
): ParameterDefinition => ({ name, type, description, required });

/** Who may have a feature: goes on the feature flag, exactly once. */
export const AI_ACCESS: StrategyDefinition = {
  name: 'aiAccess',
  description:
    'Rampart: WHO MAY HAVE this AI feature. Put it once on the feature flag, as its only strategy; changes (prompts, models) are child flags with aiStage. Anything that does not parse closes the feature.',
  parameters: [
    parameter(
      'featureClass',
      'string',
      'Consent class that tenants agree to, e.g. support_copilot. Lower-case letters, digits, _ - and . up to 64.',
      true,
    ),
    parameter(
      'consent',
      'string',
      'opt_in (off until a tenant admin agrees), opt_out (on until one declines) or not_required. Empty: opt_in. A stricter model stored for the class wins.',
    ),
    parameter(
      'consentVersion',
      'string',
      'Lowest version of the consent terms that counts, e.g. 2. Empty: any version.',
    ),
    parameter(
      'userOptIn',
      'list',
      "Regions where the user's own opt-in is needed besides the tenant's, or all. Empty: nowhere.",
    ),
    parameter(
      'minTier',
      'string',
      'Lowest tier that has the feature, e.g. pro. Tiers below get a paywall. Empty: every tier.',
    ),
    parameter(
      'upgradeUrl',
      'string',
      'Where the paywall sends people; http or https only. Empty: the paywall has no link.',
    ),
    parameter(
      'exclude',
      'list',
      'Labels that never get it, e.g. hipaa, financial, custom_residency, escalation. Empty: none.',
    ),
    parameter(
      'forceOn',
      'list',
      'Tenant ids let in below the lowest tier. Never past consent, an exclusion, a constraint, a region or a kill.',
    ),
    parameter('forceOff', 'list', 'Tenant ids that never get it.'),
    parameter(
      'maxMode',
      'string',
      'Most automation allowed: shadow, suggestion, confirmation or autonomous. Empty: autonomous.',
    ),
    parameter(
      'maxCalibrationError',
      'string',
      'Autonomy needs a recorded calibration error (0 to 1) at most this. Empty: 0.05.',
    ),
    parameter(
      'priority',
      'string',
      'P0 (no stage may be skipped, widening needs a second admin), P1 (no stage may be skipped) or P2 (internal to GA is enough). Empty: P2.',
    ),
    parameter(
      'unavailableMessage',
      'string',
      'Shown while the feature is killed. Empty: "This feature is temporarily unavailable. Please try again later or contact support."',
    ),
  ],
};

/** Who gets a change now: goes on a child flag; several rules are read in order. */
export const AI_STAGE: StrategyDefinition = {
  name: 'aiStage',
  description:
    'Rampart: WHO GETS this change NOW. Put it on a child flag of an aiAccess feature; its variants are the bindings (model, prompt). Several rules may stand beside each other. Anything that does not parse closes the change.',
  parameters: [
    parameter(
      'stage',
      'string',
      'internal, dogfood, canary, tier or ga: each includes the ones before it. internal and dogfood are cohorts of the subject.',
      true,
    ),
    parameter('tenants', 'list', 'Canary tenants (tenant ids). Empty: none.'),
    parameter('tiers', 'list', 'Tiers that the ramp has reached, e.g. free, starter. Empty: none.'),
    parameter('regions', 'list', 'Allowed regions; never skipped. Empty: any region.'),
    parameter(
      'rollout',
      'percentage',
      'Percent of the cohort that this stage adds; narrower stages keep 100%. The form starts at 50. Unset: 0.',
    ),
    parameter(
      'stickiness',
      'string',
      'What is hashed for rollout and variants: a context field such as userId. Empty or default: tenantId. random is refused.',
    ),
    parameter(
      'groupId',
      'string',
      'Salt of the split. Keep the flag name, so that experiments stay independent.',
      true,
    ),
    parameter(
      'replaces',
      'string',
      'Full flag name of the change that this one takes over from. Where both are open at one stage, this one answers. Empty: none.',
    ),
    parameter('mode', 'string', 'shadow, suggestion, confirmation or autonomous. Empty: suggestion.'),
    parameter(
      'autoAbove',
      'string',
      'Confidence above which an autonomous answer needs no person, 0 to 1. Empty: 0.95.',
    ),
    parameter('confirmFrom', 'string', 'Confidence from which one click confirms, 0 to 1. Empty: 0.80.'),
    parameter(
      'reviewFrom',
      'string',
      'Confidence from which the user reads first, 0 to 1; below: a human. Empty: 0.60.',
    ),
    parameter('fallback', 'string', 'What to do when unsure: queue, hide, ask or flag. Empty: queue.'),
    parameter('disclosure', 'string', 'Text to show with every answer. Empty: none.'),
    parameter('maxComplexity', 'string', "Hardest task taken, against the context's complexity. Empty: any."),
    parameter('humanReview', 'string', 'Percent of outputs that a person checks, 0 to 100. Empty: 0.'),
    parameter('shadowSample', 'string', 'Percent of traffic that is shadowed, 0 to 100. Empty: 100.'),
    parameter('maxPerHour', 'string', 'AI calls per tenant and hour, a whole number. Empty: no limit.'),
    parameter(
      'consentVersion',
      'string',
      "Lowest version of the consent terms for this change; the higher of this and the feature's counts. Empty: the feature's.",
    ),
    parameter(
      'forceOn',
      'list',
      'Tenant ids that get this change before their stage and percentage. Never past consent, region or a kill.',
    ),
    parameter('forceOff', 'list', 'Tenant ids that never get this change, whichever rule lists them.'),
  ],
};
