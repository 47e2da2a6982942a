import { PEOPLE, startWebDemo } from '@rampart/example-web';
import { startUnleashServer, type UnleashServer } from '@rampart/unleash-server';
import { step } from './progress.js';

/** An address to come back to. */
const PORT = 4300;

/** Starts Unleash, a gateway and the page beside it, and says where they are. @param onClose what is to be stopped in the end */
export async function openPage(onClose: (close: () => Promise<void>) => void): Promise<void> {
  const unleashing = startUnleashServer();
  // Ctrl-C may come before it has started.
  onClose(() => unleashing.then((unleash) => unleash.stop()));
  const unleash = await step('starting Unleash and its UI', () => unleashing);
  const starting = startWebDemo({ unleash, port: PORT });
  onClose(() => starting.then((demo) => demo.close()));
  const { url, gateway } = await step('starting the gateway and the page', () => starting);
  console.log(whereabouts(url, gateway, unleash));
}

function whereabouts(url: string, gateway: string, { url: unleash, user }: UnleashServer): string {
  const width = Math.max(...PEOPLE.map(({ id }) => id.length));
  const people = PEOPLE.map(
    ({ id, name, role, company, tier, shows }) =>
      `  ${url}/?as=${id.padEnd(width)}   ${name}, ${role} at ${company} (${tier}): ${shows}`,
  );
  return `
Running, until Ctrl-C. The page, and who to be; open two of them side by side:

${people.join('\n')}

  Switch the copilot off as Ada and look at Ana's page; choose how much it may do; ask as Cleo and decide as Ines.

  Page      ${url}
  Gateway   ${gateway}   ${gateway}/docs has every route
  Unleash   ${unleash}   user ${user.username}, password ${user.password}
            the feature is ai.reply-copilot; switch it off there, and everybody's page says so
`;
}
