import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createControl, type DurableControl } from '@rampart/sdk';
import { prepareEmbedded } from '@rampart/services';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readConfiguration } from '../configuration-schema.js';
import { newApp } from '../new-app.js';
import { Stopping } from '../service/stopping.js';
import { dropOldEvents } from './retention.js';

const DAY = 86_400_000;
const SECRET = 'a secret of this test and of nobody else';

let folder: string;
let control: DurableControl;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rampart-retention-'));
  await prepareEmbedded(folder);
  control = createControl({ database: { folder }, secret: SECRET });
  await control.ready();
});
afterEach(async () => {
  await control.close();
  await rm(folder, { recursive: true, force: true });
});

test('what is older than it is kept for goes when a gateway starts, but for labels of tenants', async () => {
  const event = (id: string, days: number, name = 'quality') => ({
    id,
    name,
    at: Date.now() - days * DAY,
    source: 'test',
  });
  await control.store.recordEvents([event('old', 31), event('new', 29), event('label', 400, 'labels')]);
  const configuration = readConfiguration({
    unleash: { url: 'http://127.0.0.1:9/api', token: 'none' },
    secret: SECRET,
    eventDays: 30,
    logLevel: 'silent',
  });
  const app = newApp(configuration, undefined);
  dropOldEvents(app, { control, configuration, stopping: new Stopping(), log: app.log });
  await app.ready();
  await vi.waitFor(async () =>
    expect((await control.store.events()).events.map(({ id }) => id)).toEqual(['label', 'new']),
  );
  await app.close();
});
