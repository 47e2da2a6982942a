// `npm run dev`: an Unleash to look at and to develop against, until Ctrl-C. Its data goes when it stops.
import { parseArgs } from 'node:util';
import { startUnleashServer, type UnleashServer, type UnleashVersion } from './unleash-server.js';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '4242' }, version: { type: 'string', default: '8' } },
});

try {
  console.log(`Starting Unleash ${values.version} on port ${values.port} ...`);
  const server = await startUnleashServer({
    version: versionOf(values.version),
    port: portOf(values.port),
    // What everyone who has met Unleash tries first.
    user: { username: 'admin', password: 'unleash4all' },
    log: (line) => console.log(`  ${line}`),
  });
  process.once('SIGINT', () => void server.stop());
  process.once('SIGTERM', () => void server.stop());
  console.log(description(server));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

function description({ url, apiUrl, user, adminToken, clientToken, frontendToken }: UnleashServer): string {
  return `
UI              ${url}   (${user.username} / ${user.password})
SDK url         ${apiUrl}
admin token     ${adminToken}
client token    ${clientToken.development}
                ${clientToken.production}
frontend token  ${frontendToken.development}
                ${frontendToken.production}

Ctrl-C stops it and removes its data.`;
}

function versionOf(text: string): UnleashVersion {
  if (text === '7' || text === '8') return text;
  throw new Error(`--version is 7 or 8, not ${text}`);
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Error(`--port is a number from 0 to 65535, not ${text}`);
}
