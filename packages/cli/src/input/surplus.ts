import type { Command } from 'commander';
import { misused } from '../failure.js';

/** Options that take a flag's name, in the order in which they are suggested. */
const FLAG_OPTIONS = ['feature', 'flag'];

/**
 * Refuses arguments that the command does not take, and suggests the option that was probably meant.
 *
 * @throws UsageError that repeats the first surplus argument
 */
export function refuseSurplus(command: Command): void {
  const [surplus] = command.args.slice(command.registeredArguments.length);
  if (surplus === undefined) return;
  const options = suggested(surplus, new Set(command.options.map((option) => option.attributeName())));
  const shown = /^[\w.@-]+$/.test(surplus) ? surplus : JSON.stringify(surplus);
  const hint = options.map((option) => `--${option} ${shown}`).join(' or ');
  misused(
    `${pathOf(command)}: too many arguments: ${JSON.stringify(surplus)}. ${hint === '' ? `rampart ${pathOf(command)} --help shows what it takes` : `Did you mean ${hint}?`}`,
  );
}

/** A name with a dot is a flag, and with two dots a change. Other names may be a flag or a tenant. */
function suggested(value: string, options: ReadonlySet<string>): readonly string[] {
  const flag = FLAG_OPTIONS.find((option) => options.has(option));
  const dots = value.split('.').length - 1;
  if (dots > 1 && options.has('change')) return ['change'];
  if (flag !== undefined && dots > 0) return [flag];
  return [...(flag === undefined ? [] : [flag]), ...(options.has('tenant') ? ['tenant'] : [])];
}

function pathOf(command: Command): string {
  const { parent } = command;
  return parent?.parent == null ? command.name() : `${parent.name()} ${command.name()}`;
}
