import { randomUUID } from 'node:crypto';
import { type Override, parseRevision } from '@rampart/core';
import type { DurableControl } from '@rampart/sdk';
import { UsageError } from '../failure.js';
import type { OverrideItem } from '../output/overrides.js';
import { overridesAnswer, writtenAnswer } from './answers.js';
import type { GatewayClient } from './gateway-client.js';
import { GatewayError, isGatewayError } from './gateway-error.js';
import { withRepeat } from './gateway-orders.js';

/** What a write answers. */
export type Applied = Awaited<ReturnType<DurableControl['apply']>>;

const PATH = '/v1/operator/overrides';
const repeatOf = (key: string): string => `the same command with --entry-id ${key} repeats it, and is recorded once`;

/** Overrides, those that have ended included. @throws GatewayError */
export async function listGatewayOverrides(
  client: GatewayClient,
  tenant: string | undefined,
): Promise<{ readonly items: readonly OverrideItem[]; readonly revision: string }> {
  const query = tenant === undefined ? '' : `?${new URLSearchParams({ tenant }).toString()}`;
  const { overrides, revision } = await client.send({
    method: 'GET',
    path: `${PATH}${query}`,
    answer: overridesAnswer,
  });
  const items = overrides.map(({ tenant: of, actor, at, revision: recorded, ended, ...override }) => {
    return { revision: recorded, actor, at, tenant: of, override, ended };
  });
  return { items, revision };
}

/** Sets an override over the one that is listed now. @throws GatewayError */
export async function setGatewayOverride(
  client: GatewayClient,
  { tenant, override, unknownOk, entryId: key = randomUUID() }: SetOverride,
): Promise<Applied> {
  const { items, revision } = await listGatewayOverrides(client, tenant);
  const expected = items.find((item) => item.override.id === override.id)?.revision ?? revision;
  const body = { ...override, tenant, unknownOk, expected };
  const written = await client
    .send({ method: 'POST', path: PATH, body, idempotencyKey: key, answer: writtenAnswer })
    .catch((error: unknown) => {
      if (isGatewayError(error) && error.code === 'unknown_flag') throw unknownFlag(override.flag, error);
      const end = new Date(override.until).toISOString();
      throw withRepeat(error, `${repeatOf(key)}; with --until ${end} in place of --for, which would end later now`);
    });
  return appliedOf(written);
}

function unknownFlag(flag: string, cause: GatewayError): GatewayError {
  const message = `the gateway's Unleash has no flag ${JSON.stringify(flag)}, so nothing was recorded: check its name, or pass --unknown-ok`;
  return new GatewayError(message, { isRefusal: true, code: cause.code, status: cause.status, cause });
}

/** An override to set. */
interface SetOverride {
  readonly tenant: string;
  readonly override: Override;
  /** Accept a flag that Unleash does not have. */
  readonly unknownOk: boolean;
  readonly entryId: string | undefined;
}

/** An override to lift. */
interface LiftOverride {
  readonly tenant: string;
  readonly id: string;
  readonly reason: string;
  readonly entryId: string | undefined;
}

/** Ends an override. @throws GatewayError, UsageError where the tenant has none of this id */
export async function liftGatewayOverride(
  client: GatewayClient,
  { tenant, id, reason, entryId: key = randomUUID() }: LiftOverride,
  missing: string,
): Promise<Applied> {
  const path = `${PATH}/${encodeURIComponent(id)}?${new URLSearchParams({ tenant, reason }).toString()}`;
  const written = await client
    .send({ method: 'DELETE', path, idempotencyKey: key, answer: writtenAnswer })
    .catch((error: unknown) => {
      if (isGatewayError(error) && error.code === 'no_such_override') throw new UsageError(missing);
      throw withRepeat(error, repeatOf(key));
    });
  return appliedOf(written);
}

function appliedOf({ revision, entry }: { readonly revision: string; readonly entry: string }): Applied {
  const { epoch = '', position = 0 } = parseRevision(revision) ?? {};
  return { epoch, position, revision, id: entry };
}
