import type { FlagMetadata } from '@openfeature/server-sdk';
import type { Decision, Subject } from '@rampart/core';

/**
 * The scalar fields of a decision as flag metadata, which allows text, numbers and booleans only. Omits undefined fields. `contextId`, `flagSetId` and `version` are the keys that OpenFeature's Appendix D names for telemetry.
 */
export function metadataOf(decision: Decision, subject: Subject, flagSetId: string | undefined): FlagMetadata {
  const { revisions, paywall, bands } = decision;
  const metadata: FlagMetadata = {
    outcome: decision.outcome,
    gate: decision.gate,
    version: revisions.flag,
    flagRevision: revisions.flag,
  };
  if (decision.detail !== undefined) metadata['detail'] = decision.detail;
  if (decision.feature !== undefined) metadata['feature'] = decision.feature;
  if (decision.change !== undefined) metadata['change'] = decision.change;
  if (decision.stage !== undefined) metadata['stage'] = decision.stage;
  if (decision.mode !== undefined) metadata['mode'] = decision.mode;
  if (bands !== undefined) addBands(metadata, bands);
  if (decision.route !== undefined) metadata['route'] = decision.route;
  if (decision.review !== undefined) metadata['review'] = decision.review;
  if (decision.fallback !== undefined) metadata['fallback'] = decision.fallback;
  if (decision.disclosure !== undefined) metadata['disclosure'] = decision.disclosure;
  if (decision.message !== undefined) metadata['message'] = decision.message;
  if (paywall !== undefined) addPaywall(metadata, paywall);
  if (decision.limits?.maxPerHour !== undefined) metadata['maxPerHour'] = decision.limits.maxPerHour;
  if (revisions.consent !== undefined) metadata['consentRevision'] = revisions.consent;
  if (revisions.policy !== undefined) metadata['policyRevision'] = revisions.policy;
  if (subject.userId !== undefined) metadata['contextId'] = subject.userId;
  if (flagSetId !== undefined) metadata['flagSetId'] = flagSetId;
  return metadata;
}

function addBands(metadata: FlagMetadata, { autoAbove, confirmFrom, reviewFrom }: Decision['bands'] & object): void {
  metadata['autoAbove'] = autoAbove;
  metadata['confirmFrom'] = confirmFrom;
  metadata['reviewFrom'] = reviewFrom;
}

function addPaywall(
  metadata: FlagMetadata,
  { currentTier, requiredTier, upgradeUrl, message }: Decision['paywall'] & object,
): void {
  metadata['currentTier'] = currentTier;
  metadata['requiredTier'] = requiredTier;
  metadata['message'] = message;
  if (upgradeUrl !== undefined) metadata['upgradeUrl'] = upgradeUrl;
}
