import { secretText } from '@rampart/core';
import { z } from 'zod';
import type { GatewayConfigurationInput, IdentityConfiguration } from './configuration.js';
import { name, url, whole } from './field-schemas.js';
import { ALWAYS, settingsOf } from './settings-schema.js';

type IdentityInput = NonNullable<GatewayConfigurationInput['identity']>;

const claims = settingsOf({
  userId: name.default('sub'),
  tenantId: name.default('tenant_id'),
  tier: name.default('tier'),
  region: name.default('region'),
  labels: name.default('labels'),
  cohorts: name.default('cohorts'),
  aiOptOut: name.default('ai_opt_out'),
  roles: name.default('roles'),
});

/** How the tokens of users are checked. */
export const identitySchema: z.ZodType<IdentityConfiguration, IdentityInput> = settingsOf({
  issuer: z.string().min(1),
  audience: z.string().min(1),
  algorithms: z
    .array(
      z.enum([
        'RS256',
        'RS384',
        'RS512',
        'PS256',
        'PS384',
        'PS512',
        'ES256',
        'ES384',
        'ES512',
        'EdDSA',
        'HS256',
        'HS384',
        'HS512',
      ]),
    )
    .min(1, 'name the algorithm of your tokens'),
  jwksUrl: url.optional().describe('Where the keys of the issuer are published.'),
  sharedKey: z
    .string()
    .overwrite(secretText)
    .min(32, 'use at least 32 characters')
    .optional()
    .describe('For HS256 and its like.'),
  clockTolerance: whole(0, 300).default(5).describe('In seconds.'),
  claims: claims.prefault({}).describe('Which claim holds what; dots lead into objects.'),
  adminRole: name.default('ai_admin').describe('The role of those who decide for their tenant.'),
  operatorRole: name.default('ai_operator').describe('The role of those who may act for everyone.'),
}).superRefine(checkKeySource, ALWAYS);

/** One source of keys, and algorithms that go with it. */
function checkKeySource(value: unknown, context: z.core.$RefinementCtx): void {
  if (typeof value !== 'object' || value === null) return;
  const { jwksUrl, sharedKey, algorithms } = value as Partial<Record<keyof IdentityConfiguration, unknown>>;
  const isShared = sharedKey !== undefined;
  if ((jwksUrl === undefined) === !isShared) {
    context.addIssue({ code: 'custom', message: 'set either jwksUrl or sharedKey' });
    return;
  }
  if (!Array.isArray(algorithms)) return;
  if (!algorithms.every((algorithm) => String(algorithm).startsWith('HS') === isShared)) {
    const message = 'HS256, HS384 and HS512 go with sharedKey, every other with jwksUrl';
    context.addIssue({ code: 'custom', path: ['algorithms'], message });
  }
}
