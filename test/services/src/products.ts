import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What the tests need and npm does not have. */
export type ProductName = 'postgresql' | 'mariadb' | 'redis' | 'faketime' | 'chromium' | 'nginx' | 'pgbouncer';

interface Product {
  /** Its files, each looked for in `folders`. */
  readonly files: readonly string[];
  readonly folders: () => readonly string[];
  /** Debian's and Ubuntu's names. */
  readonly packages: readonly string[];
  /** What else to say to someone whose system has no apt-get. */
  readonly elsewhere: string;
}

const products: Readonly<Record<ProductName, Product>> = {
  postgresql: {
    files: ['postgres', 'initdb', 'pg_basebackup'],
    // Debian keeps several versions apart and puts only clients on the PATH.
    folders: () => [...newestFirst('/usr/lib/postgresql', 'bin'), ...path()],
    packages: ['postgresql'],
    elsewhere: 'dnf install postgresql-server, or brew install postgresql',
  },
  mariadb: {
    files: ['mariadbd', 'mariadb-install-db', 'my_print_defaults'],
    folders: path,
    packages: ['mariadb-server-core', 'mariadb-client-core'],
    elsewhere: 'dnf install mariadb-server, or brew install mariadb',
  },
  redis: {
    files: ['redis-server'],
    folders: path,
    packages: ['redis-server'],
    elsewhere: 'dnf install redis, or brew install redis',
  },
  faketime: {
    files: ['libfaketime.so.1'],
    folders: () => ['/usr/lib/faketime', '/usr/lib64/faketime', ...newestFirst('/usr/lib', 'faketime')],
    packages: ['libfaketime'],
    elsewhere: 'dnf install libfaketime; it works on Linux only',
  },
  chromium: {
    files: ['chromium'],
    folders: path,
    packages: ['chromium'],
    elsewhere: 'dnf install chromium, or brew install --cask chromium and put it on the PATH as chromium',
  },
  nginx: {
    files: ['nginx'],
    folders: path,
    packages: ['nginx-light'],
    elsewhere: 'dnf install nginx, or brew install nginx',
  },
  pgbouncer: {
    files: ['pgbouncer'],
    folders: path,
    packages: ['pgbouncer'],
    elsewhere: 'dnf install pgbouncer, or brew install pgbouncer',
  },
};

export const productNames: readonly ProductName[] = [
  'postgresql',
  'mariadb',
  'redis',
  'faketime',
  'chromium',
  'nginx',
  'pgbouncer',
];

/** Where a file of a product is; undefined when it is not installed. */
function findFile(name: ProductName, file: string): string | undefined {
  return products[name]
    .folders()
    .map((folder) => join(folder, file))
    .find((candidate) => existsSync(candidate));
}

/** The same, for those who have called `ensureInstalled`. @throws Error that says what to install. */
export function requireFile(name: ProductName, file: string): string {
  const found = findFile(name, file);
  if (found === undefined) throw new Error(adviceFor([name]));
  return found;
}

/** Those of which a file is missing. */
export function missingOf(names: readonly ProductName[]): readonly ProductName[] {
  return names.filter((name) => products[name].files.some((file) => findFile(name, file) === undefined));
}

/** Debian packages to install for them. */
export function packagesOf(names: readonly ProductName[]): readonly string[] {
  return names.flatMap((name) => products[name].packages);
}

/** What to tell someone who lacks them. */
export function adviceFor(names: readonly ProductName[]): string {
  const files = names.flatMap((name) =>
    products[name].files.filter((file) => findFile(name, file) === undefined).map((file) => `${name} (${file})`),
  );
  return [
    `Not installed: ${files.join(', ')}.`,
    `Debian, Ubuntu: sudo apt-get install --no-install-recommends ${packagesOf(names).join(' ')}`,
    ...names.map((name) => `Elsewhere, for ${name}: ${products[name].elsewhere}`),
  ].join('\n');
}

function path(): readonly string[] {
  const given = (process.env['PATH'] ?? '').split(':').filter((folder) => folder !== '');
  return [...given, '/usr/local/bin', '/usr/local/sbin', '/usr/bin', '/usr/sbin'];
}

/** `parent/…/last` for every folder in between, numbers in descending order. */
function newestFirst(parent: string, last: string): readonly string[] {
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .toSorted((one, other) => other.localeCompare(one, 'en', { numeric: true }))
    .map((between) => join(parent, between, last))
    .filter((folder) => existsSync(folder));
}
