import { AdminApiError } from './admin-api-error.js';
import type { AdminClient } from './admin-client.js';
import type { InstanceInfo } from './admin-types.js';

/** The oldest Unleash that has parent dependencies and variants on strategies. Tested are 7.5.1 and 8.2.0. */
export const OLDEST_SERVER = '5.7.0';

/** Says which Unleash this is; rejects with kind `unsupported_version` below {@link OLDEST_SERVER}. */
export async function requireServer(client: AdminClient): Promise<InstanceInfo> {
  const info = await client.instance.info();
  if (!isOlder(info.version, OLDEST_SERVER)) return info;
  const message = `Cannot use Unleash ${info.version} at ${client.url}: Rampart needs parent dependencies and variants on strategies. Upgrade it to ${OLDEST_SERVER} or later.`;
  throw new AdminApiError(message, { kind: 'unsupported_version' });
}

/** Compares the leading numbers; what follows them (`-beta.1`) doesn't count, and no number counts as new. */
function isOlder(version: string, than: string): boolean {
  const numbers = (text: string): readonly number[] => (text.match(/^\d+(\.\d+)*/)?.[0] ?? '').split('.').map(Number);
  if (!/^\d/.test(version)) return false;
  const [have, need] = [numbers(version), numbers(than)];
  const at = need.findIndex((part, index) => part !== (have[index] ?? 0));
  return at >= 0 && (have[at] ?? 0) < (need[at] ?? 0);
}
