import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

it('npm run demo -- --web says where the page is and who to be, and stays until Ctrl-C', async () => {
  const demo = spawn('npx', ['tsx', 'examples/support-copilot/src/demo.ts', '--web'], { cwd: ROOT, detached: true });
  const ended = once(demo, 'exit');
  try {
    const lines: string[] = [];
    for await (const line of createInterface(demo.stdout)) {
      lines.push(line);
      if (line.includes('Unleash  ')) break;
    }
    const said = lines.join('\n');
    const [, page = ''] = /Page +(\S+)/.exec(said) ?? [];
    const [, gateway = ''] = /Gateway +(\S+)/.exec(said) ?? [];
    expect(said).toContain(`${page}/?as=ana    Ana, agent at Acme (pro)`);
    expect(await (await fetch(page)).text()).toContain('Harbor Desk');
    expect((await fetch(`${gateway}/readyz`)).status).toBe(200);
  } finally {
    process.kill(-(demo.pid ?? 0), 'SIGINT');
  }
  await ended;
}, 180_000);
