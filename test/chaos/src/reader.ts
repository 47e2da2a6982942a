// One service that asks for decisions, as a process of its own. Started by fleet.ts.
import { OpenFeature } from '@openfeature/server-sdk';
import type { Decision } from '@rampart/core';
import { createControl, createRampart } from '@rampart/sdk';
import type { UnleashConfig } from 'unleash-client';
import { FEATURE, FEATURE_CLASS, type FromReader, type ProcessOptions, type Reply, type ToReader } from './protocol.js';
import { replyOf } from './reply.js';
import { Witness } from './witness.js';

const { control, sabotaged = false } = JSON.parse(process.argv[2] ?? '') as ProcessOptions;

/** Flags from a bootstrap, and never from a server: what is tested is what changes beside them. */
const unleash: UnleashConfig = {
  url: 'http://127.0.0.1:9/api',
  appName: 'chaos',
  refreshInterval: 0,
  disableMetrics: true,
  skipInstanceCountWarning: true,
  storageProvider: { get: async () => undefined, set: async () => {} },
  bootstrap: {
    data: [
      {
        name: FEATURE,
        enabled: true,
        strategies: [{ name: 'aiAccess', parameters: { featureClass: FEATURE_CLASS }, constraints: [] }],
      },
    ] as never,
  },
};

const silent = { error() {}, warn() {}, info() {}, debug() {} };
const source = createControl(control);
const witness = new Witness(source, sabotaged);
const rampart = createRampart({ unleash, control: witness, initTimeoutMs: 50, logger: silent });
await OpenFeature.setProviderAndWait(rampart.provider);
const client = OpenFeature.getClient();

async function ask(tenant: string, how: 'wait' | 'now', revision?: string): Promise<Reply> {
  const context = {
    targetingKey: 'ana',
    tenantId: tenant,
    ...(revision === undefined ? {} : { consentRevision: revision }),
  };
  const decision = how === 'now' ? rampart.decide(FEATURE, context) : await client.getObjectValue(FEATURE, {}, context);
  return replyOf(decision as Partial<Decision>, tenant, (at) => witness.given(tenant, at));
}

async function burst(tenant: string, count: number): Promise<readonly Reply[]> {
  const replies = await Promise.all(Array.from({ length: count }, () => ask(tenant, 'wait')));
  const different = new Set(replies.map((reply) => JSON.stringify(reply)));
  return [...different].map((text) => JSON.parse(text) as Reply);
}

function tell(message: FromReader): void {
  if (process.connected) process.send?.(message);
}

async function hear(message: ToReader): Promise<void> {
  const { id, tenant } = message;
  if (message.type === 'burst') tell({ type: 'burst', id, replies: await burst(tenant, message.count) });
  else tell({ type: 'answer', id, ...(await ask(tenant, message.how, message.revision)) });
}

process.on('message', (message: ToReader) => void hear(message));
process.on('disconnect', () => process.exit());
tell({ type: 'ready' });
