/** A setting, as the doc comment of its type says it. */
export interface Setting {
  readonly name: string;
  readonly type: string;
  readonly meaning: string;
}

const INTERFACE = /^export interface (\w+) \{\n([\s\S]*?)^\}/gm;
const MEMBER = / {2}(?:\/\*\*([\s\S]*?)\*\/\n {2})?readonly (\w+)\??: ([\s\S]*?);\n(?= {2}(?:\/\*\*|readonly)|$)/g;

/** The interfaces of a source and what each member says of itself. */
export function settingsOf(source: string): ReadonlyMap<string, readonly Setting[]> {
  return new Map([...source.matchAll(INTERFACE)].map(([, name = '', body = '']) => [name, membersOf(body)]));
}

function membersOf(body: string): Setting[] {
  return [...body.matchAll(MEMBER)].map(([, comment = '', name = '', type = '']) => ({
    name,
    type: type.replaceAll(/\s+/g, ' ').replace(' | undefined', ''),
    meaning: textOf(comment),
  }));
}

function textOf(comment: string): string {
  const text = comment
    .replaceAll(/^\s*\*? ?/gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const [meaning = '', standard] = text.split('@default').map((part) => part.trim());
  return standard === undefined
    ? meaning
    : `${meaning} Default: ${standard.replaceAll(/(?<!\w)'([^']*)'/g, '`$1`')}.`.trim();
}

/** All settings below an interface as rows of a table; a setting that is an interface lists its own ones below it. */
export function settingsTable(source: string, root: string): string {
  const known = settingsOf(source);
  const rows = (name: string, path: string): string[] =>
    (known.get(name) ?? []).flatMap((setting) => {
      const inner = /(\w+)(?:\[\])?$/.exec(setting.type)?.[1] ?? '';
      const at = `${path}${setting.name}${setting.type.endsWith('[]') && known.has(inner) ? '[]' : ''}`;
      const row = setting.meaning === '' ? [] : [`| \`${at}\` | ${setting.meaning} |`];
      return [...row, ...(known.has(inner) ? rows(inner, `${at}.`) : [])];
    });
  return ['| setting | meaning |', '|---|---|', ...rows(root, '')].join('\n');
}
