import { rampart } from './rampart-command.js';

/** One example of a help text. */
export interface HelpExample {
  /** The example as the help shows it. */
  readonly text: string;
  /** Arguments after `rampart`. */
  readonly args: readonly string[];
  /** The file that the output is written to, with `>` or `>>`. */
  readonly output: string | undefined;
}

/** Every example of the help of `rampart` and of all its commands, in the order of the help. */
export async function helpExamples(path: readonly string[] = []): Promise<readonly HelpExample[]> {
  const { out } = await rampart([...path, '--help'], {});
  const [list = ''] = out.split('\nCommands:\n')[1]?.split('\n\n') ?? [];
  const commands = [...list.matchAll(/^ {2}([a-z][a-z-]*) /gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help');
  const examples = [...out.matchAll(/^ {2}rampart (?:.*\\\n)*.*$/gm)].map(([text]) => exampleOf(text));
  const nested = [];
  // One after the other: the help is written by one program.
  for (const command of commands) nested.push(...(await helpExamples([...path, command])));
  return [...examples, ...nested];
}

/** The commands of the `sh` blocks of a page, without `export` lines and comments. */
export function pageCommands(page: string): readonly HelpExample[] {
  const blocks = [...page.matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].map(([, code = '']) => code);
  const commands = blocks.flatMap((code) => [...code.matchAll(/^ *(rampart (?:.*\\\n)*.*)$/gm)]);
  return commands.map(([, text = '']) => exampleOf(text.replace(/\s+# .*$/, '')));
}

function exampleOf(text: string): HelpExample {
  const words = shellWords(text.replaceAll('\\\n', ' '));
  const redirect = words.findIndex((word) => word === '>' || word === '>>');
  const [, ...args] = redirect === -1 ? words : words.slice(0, redirect);
  return { text: text.trim(), args, output: redirect === -1 ? undefined : words[redirect + 1] };
}

/** Splits a command as a POSIX shell does, as far as the examples need it: quotes and spaces, no variables. */
function shellWords(text: string): readonly string[] {
  const words = text.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g);
  return [...words].map(([word]) => word.replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double));
}
