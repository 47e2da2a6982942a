import { createApp } from '@unleash/proxy';

/** Unleash's own proxy, as its README starts it. */
export async function start({ unleash, token }) {
  let ready = () => {};
  const synchronized = new Promise((resolve) => {
    ready = resolve;
  });
  const logger = {
    debug() {},
    info: (text) => /ready to receive/.test(text) && ready(),
    warn() {},
    error: console.error,
    fatal: console.error,
  };
  const app = createApp({
    unleashUrl: unleash,
    unleashApiToken: 'default:development.bench',
    clientKeys: [token],
    unleashAppName: 'bench-proxy',
    refreshInterval: 600_000,
    logger,
  });
  await synchronized;
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(server.address().port));
  });
}
