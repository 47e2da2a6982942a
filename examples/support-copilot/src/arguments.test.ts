import { describe, expect, it } from 'vitest';
import { type DemoMode, HELP, readArguments } from './arguments.js';

describe('the arguments of the demo', () => {
  it.each<[readonly string[], DemoMode]>([
    [[], 'answers'],
    [['--serve'], 'serve'],
    [['--web'], 'web'],
    [['--help'], 'help'],
    [['-h'], 'help'],
    [['--serv', '--help'], { error: "Unknown option '--serv'" }],
    [['--web', '--serve'], { error: '--serve and --web: use one of them' }],
    [['--serve=yes'], { error: "Option '--serve' does not take an argument" }],
  ])('%j', (args, mode) => {
    expect(readArguments(args)).toEqual(mode);
  });

  it('refuses an argument that is no option', () => {
    expect(readArguments(['serve'])).toEqual({ error: expect.stringContaining("'serve'") });
  });

  it('are all in the help', () => {
    for (const option of ['--serve', '--web', '--help']) expect(HELP).toContain(`  ${option} `);
  });
});
