// The one service that changes consent and kills, as a process of its own. Started by fleet.ts.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlChange } from '@rampart/core';
import { createControl } from '@rampart/sdk';
import type { FromWriter, ProcessOptions, ToWriter } from './protocol.js';

/** Between two attempts, in ms. */
const PAUSE = 100;

const { control: options } = JSON.parse(process.argv[2] ?? '') as ProcessOptions;
const control = createControl(options);

/** Under one id, so that an attempt whose acknowledgement was lost isn't repeated after the next change. */
async function write(change: ControlChange): Promise<string> {
  const id = randomUUID();
  for (;;) {
    try {
      const { revision } = await control.apply(change, { actor: 'chaos', reason: 'chaos', expected: 'any', id });
      return revision;
    } catch (error) {
      if (!process.connected) throw error;
      await sleep(PAUSE);
    }
  }
}

function tell(message: FromWriter): void {
  if (process.connected) process.send?.(message);
}

async function hear({ id, change }: ToWriter): Promise<void> {
  tell({ type: 'written', id, revision: await write(change) });
}

process.on('message', (message: ToWriter) => void hear(message));
process.on('disconnect', () => process.exit());
await control.ready();
await control.start();
tell({ type: 'ready' });
