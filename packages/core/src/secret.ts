/**
 * A secret, key, token or password as it counts: without the line breaks at its end, which files and mounted volumes add.
 * Everything else in it counts, spaces too. The library, the gateway and the command line read every secret by this rule.
 */
export function secretText(text: string): string {
  return text.replace(/[\r\n]+$/, '');
}
