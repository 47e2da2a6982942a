import type { Database } from './database.js';
import { fingerprintOf, ROTATION, rotationIn } from './rotation.js';

/** A part of the log that one secret signed. */
export interface SecretPeriod {
  /** Position of the first entry that it signed. */
  readonly from: number;
  /** When it began to sign, in ms since 1970, by the database's clock; undefined for the secret the log was begun with. */
  readonly since?: number | undefined;
  /** Tells secrets apart, and says nothing else of them: 8 hexadecimal digits. */
  readonly fingerprint: string;
  /** Which option has the secret: `none` where this process doesn't have it. */
  readonly option: 'secret' | 'acceptedSecrets' | 'none';
}

interface PeriodRow {
  readonly key_check: string;
  readonly position: number | null;
  readonly recorded_at: number | null;
  readonly what: string | null;
}

/** Which secret signed which part of the log, as its entries say; `verify` proves it. */
export async function secretPeriods({ chains, ...database }: Database): Promise<readonly SecretPeriod[]> {
  const rows = await database.session((session) =>
    session.rows<PeriodRow>(
      `select h.key_check, l.position, l.recorded_at,
          (select d.data from rampart_detail d where d.id = l.id and d.part = 'what') as what
        from rampart_head h left join rampart_log l on l.kind = ? where h.id = 1 order by l.position`,
      [ROTATION],
    ),
  );
  const rotations = rows.flatMap(({ position, recorded_at: at, what }) => {
    const rotation = rotationIn(what);
    return position === null || rotation === undefined ? [] : [{ position, at: at ?? undefined, ...rotation }];
  });
  const period = (keyCheck: string, from: number, since?: number): SecretPeriod => ({
    from,
    ...(since !== undefined && { since }),
    fingerprint: fingerprintOf(keyCheck),
    option: chains.isOwn(keyCheck) ? 'secret' : chains.find(keyCheck) ? 'acceptedSecrets' : 'none',
  });
  return [
    period(rotations[0]?.from ?? rows[0]?.key_check ?? '', 1),
    ...rotations.map(({ to, position, at }) => period(to, position, at)),
  ];
}
