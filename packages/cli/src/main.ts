#!/usr/bin/env node
import { readEnvironment } from './environment.js';
import { run } from './run.js';

// A reader such as `head` may leave early.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

/** How long open connections may keep the process after its command has ended, in ms. */
const MAX_LINGER_MS = 500;

const variables = readEnvironment();
process.exitCode = await run({
  args: process.argv.slice(2),
  variables,
  terminal: {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    colour: process.stdout.isTTY && !variables.plain,
  },
});

// A connection to a server that doesn't answer would keep the process after its work is done.
setTimeout(() => process.exit(), MAX_LINGER_MS).unref();
