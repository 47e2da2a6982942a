import { existsSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ensureInstalled } from './installation.js';
import { missingOf, productNames, requireFile } from './products.js';

vi.mock('node:fs', () => ({ existsSync: vi.fn<typeof existsSync>(), readdirSync: vi.fn<typeof readdirSync>() }));

const system = (...files: readonly (string | RegExp)[]): void => {
  vi.mocked(existsSync).mockImplementation((path) =>
    files.some((file) => (typeof file === 'string' ? path === file : file.test(String(path)))),
  );
};
beforeEach(() => {
  vi.stubEnv('PATH', '/opt/own/bin');
  vi.mocked(readdirSync).mockReturnValue([]);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test('a product is there when all its files are; the PATH comes before the usual folders', () => {
  system('/usr/sbin/mariadbd', '/usr/bin/mariadb-install-db', '/opt/own/bin/redis-server', '/usr/bin/redis-server');
  expect(missingOf(productNames)).toEqual(['postgresql', 'mariadb', 'faketime', 'chromium', 'nginx', 'pgbouncer']);
  system(/mariadb|my_print_defaults/);
  expect(missingOf(['mariadb'])).toEqual([]);
  system('/opt/own/bin/redis-server', '/usr/bin/redis-server');
  expect(requireFile('redis', 'redis-server')).toBe('/opt/own/bin/redis-server');
});

test('of several PostgreSQL the newest is taken, by number and not by letter', () => {
  system(/.*/);
  vi.mocked(readdirSync).mockReturnValue(['9.6', '16', '15'] as never);
  expect(requireFile('postgresql', 'initdb')).toBe('/usr/lib/postgresql/16/bin/initdb');
});

test.each([
  ['an ordinary user', 1000, '/usr/bin/apt-get'],
  ['root on a system without apt-get', 0, '/usr/bin/dnf'],
])('%s is told which file is missing and what to install', async (_, uid, installer) => {
  vi.spyOn(process, 'getuid').mockReturnValue(uid);
  system(installer, '/usr/bin/my_print_defaults', '/opt/own/bin/redis-server');
  const advice = await ensureInstalled(['mariadb', 'redis']).catch(String);
  expect(advice).toContain('Not installed: mariadb (mariadbd), mariadb (mariadb-install-db).');
  expect(advice).toContain('sudo apt-get install --no-install-recommends mariadb-server-core mariadb-client-core\n');
  expect(advice).toContain('for mariadb: dnf install mariadb-server, or brew install mariadb');
  expect(advice).not.toContain('redis');
  expect(() => requireFile('mariadb', 'mariadbd')).toThrow('sudo apt-get install');
});
