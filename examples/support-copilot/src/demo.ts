import { describeProblem } from '@rampart/core';
import type { DurableControl } from '@rampart/sdk';
import { createAdminClient } from '@rampart/unleash/admin';
import { startUnleashServer, type UnleashServer } from '@rampart/unleash-server';
import { HELP, readArguments } from './arguments.js';
import { carryOutFlip, FLIPS, type Seen } from './flips.js';
import { check, ENVIRONMENT, setUp } from './operator.js';
import { step } from './progress.js';
import { recordControl } from './recorded-control.js';
import { type Answered, answersTable, differencesIn, flipLines } from './report.js';
import { type Service, startService } from './service.js';
import { directory, SUBJECTS } from './subjects.js';
import { ask, shadowRuns } from './visitor.js';
import { openPage } from './web.js';

/** How often the service fetches flags here, in ms; 5,000 by default. */
const REFRESH = 1_000;

const mode = readArguments(process.argv.slice(2));
if (mode === 'help') {
  console.log(HELP);
  process.exit();
}
if (typeof mode === 'object') {
  console.error(`demo: ${mode.error}. npm run demo -- --help lists the options`);
  process.exit(2);
}

const closers: (() => Promise<void>)[] = [];
let leaving = false;

/** Stops what was started, the last first. */
async function leave(exitCode: number): Promise<void> {
  if (leaving) return;
  leaving = true;
  for (const close of closers.toReversed()) await close().catch(() => {});
  process.exit(exitCode);
}

process.on('SIGINT', () => void leave(130));
process.on('SIGTERM', () => void leave(143));

try {
  if (mode === 'web') await openPage((close) => closers.push(close));
  else {
    const expected = await demo();
    if (mode !== 'serve') await leave(expected ? 0 : 1);
  }
} catch (error) {
  // What was started may have been stopped under our hands.
  if (!leaving) console.error(error);
  await leave(1);
}

/** Runs all of it; whether everything came back as expected. */
async function demo(): Promise<boolean> {
  const starting = startUnleashServer();
  // Ctrl-C may come before it has started.
  closers.push(() => starting.then((started) => started.stop()));
  const recording = recordControl();
  closers.push(() => recording.then((recorded) => recorded.remove()));
  const server = await step('starting Unleash and its UI', () => starting);
  const client = createAdminClient({ url: server.url, token: server.adminToken, environment: ENVIRONMENT });
  await step('creating strategies and flags through the admin API', () => setUp(client));
  const findings = await check(client);
  const { control } = await step('recording what tenants said', () => recording);
  const service = await step('starting the support copilot', () => start(server, control));
  closers.push(() => service.close());

  console.log(
    '\nA support copilot asks OpenFeature; a real Unleash holds the flags. Every line is an answer over HTTP.\n',
  );
  const answers: Answered[] = [];
  for (const subject of SUBJECTS) answers.push({ subject, shown: await ask(service.url, subject) });
  console.log(answersTable(answers));
  for (const [change, { runs, same }] of Object.entries(await shadowRuns(service.url))) {
    console.log(
      `\n  In shadow beside these: ${change}, ${runs} runs, ${same} with the text that was served. None was shown.`,
    );
  }

  console.log(
    `\nLive. Flag edits arrive with the service's next fetch, here every ${REFRESH / 1_000} s; consent needs none.`,
  );
  const flips: (readonly Seen[])[] = [];
  for (const flip of FLIPS) {
    const seen = await step('waiting for the service to fetch the flags', () =>
      carryOutFlip(flip, { client, control, service: service.url }),
    );
    flips.push(seen);
    console.log(flipLines(flip, seen));
  }
  const log = await control.store.verify();
  console.log(`\nThe control log: ${log.entries} entries, ${log.ok ? 'whole' : 'NOT WHOLE'}.`);

  const differences = [
    ...log.findings.map(({ message }) => `control log: ${message}`),
    ...findings.map((finding) => `lint: ${describeProblem(finding)}`),
    ...differencesIn(answers, flips),
  ];
  console.log(
    differences.length === 0
      ? `\nAll as expected, in ${(process.uptime()).toFixed(0)} s.`
      : `\nNot as expected:\n  ${differences.join('\n  ')}`,
  );
  if (mode === 'serve') showWhereabouts(server, service);
  return differences.length === 0;
}

function start(server: UnleashServer, control: DurableControl): Promise<Service> {
  const unleash = { url: server.apiUrl, token: server.clientToken[ENVIRONMENT] };
  return startService({ unleash, control, directory, refreshInterval: REFRESH });
}

function showWhereabouts({ url, user }: UnleashServer, service: Service): void {
  const json = "-H 'content-type: application/json' -d";
  console.log(`
Still running, until Ctrl-C.

  Unleash   ${url}   user ${user.username}, password ${user.password}
            edit the rules of ai.support-copilot.prompt-v18 in ${ENVIRONMENT}, or switch ai.support-copilot off
  Service   ${service.url}

  curl -s ${service.url}/reply ${json} '{"tenantId":"globex","userId":"ann","question":"How do I change my password?"}'
  curl -s ${service.url}/refund-advice ${json} '{"tenantId":"willow","userId":"bo","question":"May I have a refund?"}'
  curl -s '${service.url}/reply-suggestions?tenantId=northwind&userId=cy'
  curl -s -X PUT ${service.url}/tenants/globex/consent ${json} '{"featureClass":"support_copilot","state":"opt_out"}'
`);
}
