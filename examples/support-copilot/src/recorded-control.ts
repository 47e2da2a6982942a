import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { createControl, type DurableControl } from '@rampart/sdk';
import { ENVIRONMENT } from './operator.js';
import { ON_RECORD } from './subjects.js';

/** A control of the demo's own. */
export interface DemoControl {
  readonly control: DurableControl;
  /** Closes it and deletes what it recorded. */
  remove(): Promise<void>;
}

/** Records what the tenants said before the demo in an embedded database of its own; with Redis where `REDIS_URL` is set. */
export async function recordControl(): Promise<DemoControl> {
  const folder = await mkdtemp(join(tmpdir(), 'rampart-demo-'));
  const control = createControl({
    database: { folder: join(folder, 'control') },
    redis: env['REDIS_URL'],
    environment: ENVIRONMENT,
    secret: randomBytes(32).toString('hex'),
  });
  const write = { actor: 'demo', reason: 'on record before it began' };
  for (const change of ON_RECORD) await control.apply(change, { ...write, expected: 'any' });
  return {
    control,
    async remove() {
      await control.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
