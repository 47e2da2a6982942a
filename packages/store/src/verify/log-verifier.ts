import type { ControlChange } from '@rampart/core';
import type { Finding, FindingKind } from '../api/verification.js';
import type { Database } from '../database/database.js';
import type { LockedHead } from '../database/sql-dialect.js';
import { type Chain, commitment } from '../log/chain.js';
import type { Keyring } from '../log/chains.js';
import { type EntryWithPayload, isLegacyTriggerEntry } from '../log/pending-entries.js';
import { parseRotation, ROTATION_KIND, secretFingerprint } from '../log/rotation.js';
import { itemName, itemOf } from '../state/item.js';
import type { ColumnValues } from '../state/item-types.js';

/** An entry of the log with its payload and its author. */
export interface LogRecord extends EntryWithPayload {
  readonly mac: string | null;
  readonly who_salt: string | null;
  readonly who_data: string | null;
}

/** The state of one item according to the log. */
export interface RecordedItem {
  readonly values: ColumnValues;
  readonly entry: string;
  readonly position: number;
}

interface MissingPart {
  readonly position: number;
  readonly subject: string;
  readonly part: 'what' | 'who';
}

const PARTS = { what: 'payload', who: 'author' } as const;

/**
 * Checks the chain of the log, entry by entry, up to its first break. Entries without a mac don't break it: writers leave them out of
 * the chain for good, so each of them is reported, and the check goes on.
 */
export class LogVerifier {
  /** Items according to the entries up to the first break. */
  readonly items: Map<string, RecordedItem> = new Map();
  /** Macs at the signed head and at the positions to compare. */
  readonly macs: Map<number, string> = new Map();
  entries = 0;
  erased = 0;
  lastPosition = 0;
  readonly #keyring: Keyring;
  readonly #head: LockedHead;
  readonly #comparedPositions: ReadonlySet<number>;
  readonly #mayHavePendingEntries: boolean;
  readonly #isFirstSecretKnown: boolean;
  readonly #unproven: Finding[] = [];
  readonly #missing: MissingPart[] = [];
  readonly #erasedSubjects = new Set<string>();
  readonly #erasedAuthors = new Set<number>();
  #break: Finding | undefined;
  /** Of the secret that signs here; undefined for a secret that this process doesn't have. */
  #chain: Chain | undefined;
  #keyCheck: string;
  /** Mac of the last signed entry; undefined where it can't be computed. */
  #previousMac: string | undefined;

  /**
   * @param comparedPositions positions whose macs are kept, beside that of the signed head
   * @param firstKeyCheck key check of the secret that signed the first entry, according to the first rotation; undefined without one
   */
  constructor(
    { chains, sql }: Database,
    head: LockedHead,
    comparedPositions: readonly number[],
    firstKeyCheck: string | undefined,
  ) {
    this.#keyring = chains;
    this.#head = head;
    this.#isFirstSecretKnown = firstKeyCheck !== undefined;
    this.#keyCheck = firstKeyCheck ?? head.key_check;
    this.#chain = this.#findChain(this.#keyCheck, 1);
    this.#comparedPositions = new Set([head.sealed, ...comparedPositions]);
    this.#mayHavePendingEntries = sql.family === 'mysql';
    this.#previousMac = this.#chain?.genesis(head.epoch);
  }

  addPage(records: readonly LogRecord[]): void {
    for (const record of records) this.#add(record);
  }

  /** Unsigned entries, missing secrets and the first break, after the last page. */
  findings(): readonly Finding[] {
    const firstBreak = this.firstBreak();
    return [...this.#unproven, ...(firstBreak ? [firstBreak] : this.#unrecordedRotation())];
  }

  /** The first position at which the log is not what was recorded, after the last page. */
  firstBreak(): Finding | undefined {
    const missing = this.#missing.find(
      ({ position, subject, part }) =>
        !this.#erasedSubjects.has(subject) && (part === 'what' || !this.#erasedAuthors.has(position)),
    );
    if (missing === undefined || (this.#break && this.#break.position <= missing.position)) return this.#break;
    const { position, part } = missing;
    const message = `the ${PARTS[part]} of entry ${position} is missing, and no erasure explains it`;
    return { kind: 'deleted', position, message };
  }

  #add(record: LogRecord): void {
    const { position, mac } = record;
    this.entries += 1;
    if (position > this.lastPosition + 1) this.#reportGap(position);
    this.lastPosition = position;
    if (mac !== null && this.#comparedPositions.has(position)) this.macs.set(position, mac);
    const isForeign = this.#isForeign(record);
    if (!isForeign && this.#break === undefined) this.#checkMac(record);
    // The payload of a foreign entry proves nothing and breaks nothing.
    if (isForeign) return;
    this.#checkPart(record, 'what', record.what_salt, record.what_data);
    this.#checkPart(record, 'who', record.who_salt, record.who_data);
    if (record.what_data !== null) this.#applyPayload(record, record.what_data);
  }

  #reportGap(position: number): void {
    const [from, to] = [this.lastPosition + 1, position - 1];
    this.#reportBreak(
      'deleted',
      from,
      from === to ? `entry ${from} is missing` : `entries ${from} to ${to} are missing`,
    );
  }

  /** Reports an entry without a mac, unless a legacy trigger wrote it since the last signature. */
  #isForeign(record: LogRecord): boolean {
    const { position, mac } = record;
    if (mac !== null) return false;
    if (this.#mayHavePendingEntries && position > this.#head.sealed && isLegacyTriggerEntry(record)) return false;
    const message = `entry ${position} has no mac: the store did not write it`;
    this.#unproven.push({ kind: 'foreign', position, message });
    return true;
  }

  #checkMac(record: LogRecord): void {
    const { position, kind, mac } = record;
    if (kind === ROTATION_KIND && !this.#rotate(record)) return;
    if (mac === null) return;
    if (position === 1 && !this.#isFirstSecretKnown) this.#findFirstSecret(record);
    const [chain, previousMac] = [this.#chain, this.#previousMac];
    this.#previousMac = mac;
    if (chain === undefined || previousMac === undefined || mac === chain.mac(previousMac, record)) return;
    const isOtherSecret = this.#keyring.all().some((other) => mac === other.mac(previousMac, record));
    if (isOtherSecret)
      this.#reportBreak('foreign', position, `entry ${position} is signed with a secret of another part of the log`);
    else this.#reportBreak('edited', position, `entry ${position} is not the one that was recorded there`);
  }

  /** A rotation that was deleted or edited doesn't name the secret of the entries before it: the first entry does. */
  #findFirstSecret(record: LogRecord): void {
    const { epoch } = this.#head;
    const chain = this.#keyring.all().find((each) => record.mac === each.mac(each.genesis(epoch), record));
    if (chain === undefined) return;
    this.#chain = chain;
    this.#keyCheck = chain.keyCheck();
    this.#previousMac = chain.genesis(epoch);
  }

  /** Changes to the secret that the entry names, if the previous secret signed the change. */
  #rotate({ position, what_data: data }: LogRecord): boolean {
    const rotation = parseRotation(data);
    if (rotation === undefined) {
      // Its commitment reports the payload. The secret from here on is unknown.
      this.#chain = undefined;
      return true;
    }
    const { to, endorsement } = rotation;
    if (this.#chain && this.#previousMac !== undefined && !this.#chain.isEndorsed(endorsement, this.#previousMac, to)) {
      this.#reportBreak(
        'foreign',
        position,
        `entry ${position} changes the secret without the previous secret's signature`,
      );
      return false;
    }
    this.#keyCheck = to;
    this.#chain = this.#findChain(to, position);
    return true;
  }

  #findChain(keyCheck: string, position: number): Chain | undefined {
    const chain = this.#keyring.find(keyCheck);
    if (chain === undefined) {
      const fix = 'add it to acceptedSecrets (RAMPART_ACCEPTED_SECRETS, or a line of --accepted-secret-file)';
      const message = `missing secret ${secretFingerprint(keyCheck)}, which signs from entry ${position} on: ${fix}`;
      this.#unproven.push({ kind: 'secret_missing', position, message });
    }
    return chain;
  }

  #unrecordedRotation(): readonly Finding[] {
    const { key_check: keyCheck } = this.#head;
    if (this.#keyring.find(this.#keyCheck) === this.#keyring.find(keyCheck)) return [];
    const message = `the head of the log names the secret ${secretFingerprint(keyCheck)}, and no entry changes to it`;
    return [{ kind: 'foreign', position: this.lastPosition, message }];
  }

  #checkPart(record: LogRecord, part: 'what' | 'who', salt: string | null, data: string | null): void {
    const { position, subject } = record;
    if (salt === null || data === null) {
      if (this.#break === undefined) this.#missing.push({ position, subject, part });
      if (part === 'what') this.erased += 1;
    } else if (commitment(salt, data) !== record[part]) {
      this.#reportBreak('edited', position, `the ${PARTS[part]} of entry ${position} was edited`);
    }
  }

  #applyPayload({ id, position }: LogRecord, data: string): void {
    const { change, erased } = parsePayload(data);
    for (const pseudonym of erased?.pseudonyms ?? []) this.#erasedSubjects.add(pseudonym);
    for (const author of erased?.made ?? []) this.#erasedAuthors.add(author);
    if (change === undefined || this.#break !== undefined) return;
    const item = itemOf(change);
    this.items.set(itemName(item.kind, item.keys), { values: item.values, entry: id, position });
  }

  #reportBreak(kind: FindingKind, position: number, message: string): void {
    this.#break ??= { kind, position, message };
  }
}

interface Payload {
  readonly change?: ControlChange;
  readonly erased?: { readonly pseudonyms: readonly string[]; readonly made: readonly number[] };
}

// An edited payload may be no JSON, or name an unknown change: its commitment reports that.
function parsePayload(data: string): Payload {
  try {
    const payload = JSON.parse(data) as Payload;
    if (payload.change !== undefined) itemOf(payload.change);
    return payload;
  } catch {
    return {};
  }
}
