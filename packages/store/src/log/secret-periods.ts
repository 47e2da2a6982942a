import type { SecretPeriod } from '../api/secret-period.js';
import type { Database } from '../database/database.js';
import { parseRotation, ROTATION_KIND, secretFingerprint } from './rotation.js';

/** Which secret signed which part of the log, according to its entries; `verify` proves it. */
export async function secretPeriods({ chains, ...database }: Database): Promise<readonly SecretPeriod[]> {
  const rotationEntries = database.kysely
    .selectFrom('rampart_head as h')
    .leftJoin('rampart_log as l', (join) => join.on('l.kind', '=', ROTATION_KIND))
    .leftJoin('rampart_detail as d', (join) => join.onRef('d.id', '=', 'l.id').on('d.part', '=', 'what'))
    .select(['h.key_check', 'l.position', 'l.recorded_at', 'd.data as what'])
    .where('h.id', '=', 1)
    .orderBy('l.position');
  const rows = await database.session((session) => session.run(rotationEntries));
  const rotations = rows.flatMap(({ position, recorded_at: at, what }) => {
    const rotation = parseRotation(what);
    return position === null || rotation === undefined ? [] : [{ position, at: at ?? undefined, ...rotation }];
  });
  const period = (keyCheck: string, from: number, since?: number): SecretPeriod => ({
    from,
    ...(since !== undefined && { since }),
    fingerprint: secretFingerprint(keyCheck),
    option: chains.isOwn(keyCheck) ? 'secret' : chains.find(keyCheck) ? 'acceptedSecrets' : 'none',
  });
  return [
    period(rotations[0]?.from ?? rows[0]?.key_check ?? '', 1),
    ...rotations.map(({ to, position, at }) => period(to, position, at)),
  ];
}
