import { parseArgs } from 'node:util';

/** Help of the demo. */
export const HELP = `Usage: npm run demo -- [options]

Starts a real Unleash, rolls a support copilot out on it, and prints each tenant's answer and the reason for it.

Options:
  --serve  leave Unleash and the service running after the demo, until Ctrl-C
  --web    open the example as a web page instead, until Ctrl-C
  --help   show this help`;

/** What the demo does: `error` says which argument is wrong and how to write it. */
export type DemoMode = 'answers' | 'serve' | 'web' | 'help' | { readonly error: string };

/** Reads the arguments after the script's name. Never throws. */
export function readArguments(args: readonly string[]): DemoMode {
  const options = {
    serve: { type: 'boolean' },
    web: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    const { values } = parseArgs({ args: [...args], options });
    if (values.help) return 'help';
    if (values.web && values.serve) return { error: '--serve and --web: use one of them' };
    return values.web ? 'web' : values.serve ? 'serve' : 'answers';
  } catch (error) {
    const [message = ''] = (error as Error).message.split('. ');
    return { error: message };
  }
}
