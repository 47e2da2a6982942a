// Writes decisions/pairs.json from pairs.ts. Usage: npx tsx test/specification/src/write-pairs.ts
import { writeFileSync } from 'node:fs';
import { pairRows } from './pairs.js';

const rows = pairRows().map((row) => `    ${JSON.stringify(row)}`);
const about = 'Every two gates closed together: the named one follows the order. Written by write-pairs.ts.';
const text = `{\n  "about": ${JSON.stringify(about)},\n  "rows": [\n${rows.join(',\n')}\n  ]\n}\n`;
writeFileSync(new URL('../decisions/pairs.json', import.meta.url), text);
