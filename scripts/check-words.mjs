// Refuses words in identifiers, comments and messages that make a reader from another company stop.
// Usage: node scripts/check-words.mjs
import { readdirSync, readFileSync } from 'node:fs';

/** Folders that are checked. */
const FOLDERS = ['core', 'provider', 'testing', 'store', 'unleash', 'web'].map((name) => `packages/${name}/src`);

const PERSON = 'name the client, caller, process or operator';
const PARTICIPLE = 'name the value: a participle says nothing about it';
const LIMIT = 'write MAX_, MIN_, or a name that ends in _MS';

const RULES = [
  [/\b(?:whoever|nobody|somebody|anybody|whom)\b/i, PERSON],
  [/\b(?:told|said)\b/, PARTICIPLE],
  [/\b(?:const|let) \[?(?:held|seen|given|made|shown)\b/, PARTICIPLE],
  [/\b(?:MOST|LEAST|LONGEST|SHORTEST)_/, LIMIT],
  [/\b(?:PATIENCE|SOON|AT_ONCE|TOGETHER)\b/, LIMIT],
  [/\banew\b/, 'write "again"'],
];

const problems = FOLDERS.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => problemsOf(`${folder}/${file}`)),
);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

function problemsOf(path) {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line, index) =>
      RULES.flatMap(([pattern, fix]) => {
        const [word] = pattern.exec(line) ?? [];
        return word === undefined ? [] : [`${path}:${index + 1}: "${word}": ${fix}`];
      }),
    );
}
