import { invalid } from './admin-api-error.js';

/** The convention that lint checks: `ai.<feature>`, and `ai.<feature>.<change-id>`. */
const FEATURE = /^ai\.[a-z0-9][a-z0-9_-]*$/i;
const CHANGE_ID = /^[a-z0-9][a-z0-9_-]*$/i;

/** Refuses what Unleash refuses, with a message that says why: URL-friendly, 1 to 100 characters, no colon. */
export function checkFlagName(name: string): void {
  const say = (problem: string): never =>
    invalid(`Cannot use ${JSON.stringify(name)} as the name of a flag: ${problem}.`);
  if (name === '') say('it is empty');
  if (name.length > 100)
    say(`it has ${name.length} characters, and Unleash allows 100. Shorten it by ${name.length - 100}`);
  const bad = /[^A-Za-z0-9\-_.!~*'()]/.exec(name)?.[0];
  if (bad !== undefined) {
    const better = name.replace(/[^A-Za-z0-9\-_.!~*'()]+/g, '.');
    say(
      `Unleash allows no ${bad === ' ' ? 'space' : JSON.stringify(bad)}. Use letters, digits, - _ and dots, e.g. ${better}`,
    );
  }
  if (name === '.' || name === '..') say('it consists of dots only');
}

/** Refuses the name of a new feature that breaks the convention, unless any name is wanted. */
export function checkFeatureName(name: string, anyName: boolean): void {
  checkFlagName(name);
  if (anyName || FEATURE.test(name)) return;
  const better = `ai.${
    name
      .replace(/^ai\./i, '')
      .replace(/[^A-Za-z0-9_-]+/g, '-')
      .replace(/^-+|-+$/g, '') || 'my-feature'
  }`;
  invalid(
    `Cannot use "${name}" as the name of a feature: the convention is ai.<feature>, with no further dot. Use ${better}, or set anyName.`,
  );
}

/** The name of a new change: `<feature>.<change-id>`, or an explicit one. */
export function changeName(feature: string, given: { readonly change?: string; readonly name?: string }): string {
  const { change, name } = given;
  if (name !== undefined && change !== undefined)
    invalid(`Cannot use both change "${change}" and name "${name}": give one of them.`);
  if (name !== undefined) {
    checkFlagName(name);
    return name;
  }
  if (change === undefined)
    return invalid(`Cannot name the new change of ${feature}: give change (an id such as prompt-v18), or a full name.`);
  if (!CHANGE_ID.test(change)) {
    invalid(
      `Cannot use ${JSON.stringify(change)} as a change id: use letters, digits, - and _ only, e.g. prompt-v18; or give a full name.`,
    );
  }
  if (!FEATURE.test(feature)) {
    invalid(
      `Cannot build a name from "${feature}" and "${change}": the convention is ai.<feature>.<change-id>. Give a full name, e.g. name "${feature}.${change}".`,
    );
  }
  checkFlagName(`${feature}.${change}`);
  return `${feature}.${change}`;
}
