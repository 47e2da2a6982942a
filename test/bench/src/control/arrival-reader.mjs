// One service that looks at the control state every millisecond, as a process of its own. Started by arrival.mjs.
import { createControl } from '@rampart/sdk';
import { CLASS, KILL, now, TENANT } from './subject.mjs';

const { control: options, kind } = JSON.parse(process.argv[2] ?? '');
const control = createControl(options);

const LOOK = {
  consent: () => control.read(TENANT)?.tenant.consents.get(CLASS)?.version ?? 0,
  kill: () => Number(control.read(undefined)?.kills.find(({ id }) => id === KILL)?.reason ?? 0),
};

await control.start();
await control.load(TENANT);
while (control.status().pushLostFor !== undefined) await new Promise((resolve) => setTimeout(resolve, 5));
let seen = LOOK[kind]();
setInterval(() => {
  const number = LOOK[kind]();
  if (number === seen) return;
  seen = number;
  process.send?.({ number, at: now() });
}, 1);
process.on('disconnect', () => process.exit());
process.send?.({ type: 'ready' });
