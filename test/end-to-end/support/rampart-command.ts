import { readEnvironment, run } from '@rampart/cli';

/** What a command printed, and its exit code. */
export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `rampart` in this process, with this environment and no other. */
export async function rampart(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<CommandResult> {
  let out = '';
  let err = '';
  const terminal = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    colour: false,
  };
  const code = await run({ args, variables: readEnvironment(environment), terminal });
  return { code, out, err };
}
