import type { SecretPeriod } from '../api/secret-period.js';
import type { Database } from '../database/database.js';
import { parseRotation, ROTATION_KIND, secretFingerprint } from './rotation.js';

interface PeriodRow {
  readonly key_check: string;
  readonly position: number | null;
  readonly recorded_at: number | null;
  readonly what: string | null;
}

/** Which secret signed which part of the log, according to its entries; `verify` proves it. */
export async function secretPeriods({ chains, ...database }: Database): Promise<readonly SecretPeriod[]> {
  const rows = await database.session((session) =>
    session.rows<PeriodRow>(
      `select h.key_check, l.position, l.recorded_at,
          (select d.data from rampart_detail d where d.id = l.id and d.part = 'what') as what
        from rampart_head h left join rampart_log l on l.kind = ? where h.id = 1 order by l.position`,
      [ROTATION_KIND],
    ),
  );
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
