#!/usr/bin/env node
import { readEnvironment } from './environment.js';
import { run } from './run.js';

// A reader such as `head` may leave early.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

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
