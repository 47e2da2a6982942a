/** What is changed and looked at. */
export const TENANT = 'acme';
export const CLASS = 'support_copilot';
export const KILL = 'bench';

/** Milliseconds of the clock that all processes of a machine share. */
export function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}
