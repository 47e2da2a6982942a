import { randomBytes } from 'node:crypto';
import { hashKey } from '@rampart/gateway';
import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { misused } from '../failure.js';
import { printJson, repeated, type Session } from './command.js';

interface Flags {
  readonly role: 'service' | 'operator';
  readonly may?: readonly string[];
  readonly flag?: readonly string[];
  readonly in?: readonly string[];
  readonly json?: boolean;
}

const NAME = /^[\w.@-]{1,200}$/;

/** `rampart key`: a key for a gateway, and the lines for its configuration. */
export function keyCommand(session: Session): Command {
  return new Command('key')
    .summary('make a key for a service or an operator of the gateway')
    .description(
      "Prints a new key, which is shown once and kept nowhere, and the lines for the gateway's configuration.",
    )
    .argument('<name>', 'who has it; stands in logs and in the audit trail')
    .addOption(new Option('--role <role>', 'whose key').choices(['service', 'operator']).default('service'))
    .addOption(
      repeated('--may <what>', 'what a service may ask: evaluate, track or consent (default: evaluate and track)'),
    )
    .addOption(repeated('--flag <name>', 'a flag it may ask about, or a beginning with * (default: every flag)'))
    .addOption(repeated('--in <environment>', 'an environment it counts in (default: everywhere)'))
    .option('--json', 'print data as JSON')
    .addHelpText(
      'after',
      "\nExamples:\n  rampart key support-service --flag 'ai.support-*' --in production\n  rampart key on-call --role operator",
    )
    .action((name: string, flags: Flags) => runKey(session, name, flags));
}

function runKey(session: Session, name: string, flags: Flags): void {
  if (!NAME.test(name)) misused('NAME: use letters, digits, _ - . and @ only');
  const wrong = flags.may?.find((what) => !['evaluate', 'track', 'consent'].includes(what));
  if (wrong !== undefined) misused(`--may ${JSON.stringify(wrong)}: use evaluate, track or consent`);
  if (flags.role === 'operator' && (flags.may ?? flags.flag) !== undefined)
    misused('--role operator: an operator may do everything, so --may and --flag say nothing');
  const key = `rk_${randomBytes(32).toString('base64url')}`;
  const entry = {
    name,
    hash: hashKey(key),
    ...(flags.role === 'operator' ? { role: flags.role } : {}),
    ...(flags.may === undefined ? {} : { may: flags.may }),
    ...(flags.flag === undefined ? {} : { flags: flags.flag }),
    ...(flags.in === undefined ? {} : { environments: flags.in }),
  };
  if (flags.json) {
    printJson(session, { key, configuration: entry });
    return;
  }
  session.terminal.out(`The key, shown this once:\n\n  ${key}\n\nFor the gateway's configuration:\n\n`);
  session.terminal.out(stringify({ keys: [entry] }, { collectionStyle: 'block', lineWidth: 0 }));
}
