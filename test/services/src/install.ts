// Installs what the tests need and npm does not have; run before them, so that no two of them do it at once.
// Usage: tsx test/services/src/install.ts [postgresql|mariadb|redis|faketime|chromium|pgbouncer ...]; without names all of them.
import { ensureInstalled } from './installation.js';
import { missingOf, type ProductName, productNames } from './products.js';

try {
  const names = process.argv.slice(2).map(nameOf);
  const wanted = names.length > 0 ? names : productNames;
  const missing = missingOf(wanted);
  if (missing.length > 0) console.error(`rampart: installing ${missing.join(', ')} ...`);
  await ensureInstalled(wanted);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

function nameOf(text: string): ProductName {
  const name = productNames.find((known) => known === text);
  if (name === undefined) throw new Error(`${text} is none of ${productNames.join(', ')}`);
  return name;
}
