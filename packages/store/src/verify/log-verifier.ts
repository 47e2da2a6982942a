import type { ControlChange } from '@rampart/core';
import type { Finding, FindingKind } from '../api/verification.js';
import type { Database } from '../database/database.js';
import type { LockedHead } from '../database/sql-dialect.js';
import { type Chain, commitment } from '../log/chain.js';
import type { Keyring } from '../log/chains.js';
import { type EntryWithPayload, isLegacyTriggerEntry } from '../log/pending-entries.js';
import { parseRotation, ROTATION_KIND, secretFingerprint } from '../log/rotation.js';
import { type ColumnValues, itemName, itemOf } from '../state/item.js';
import { misplaced, type Suspect } from './verify-order.js';

/** An entry with what stands beside the log. */
export interface LogLine extends EntryWithPayload {
  readonly mac: string | null;
  readonly who_salt: string | null;
  readonly who_data: string | null;
}

/** What the log says of one row of the state. */
export interface Folded {
  readonly values: ColumnValues;
  readonly entry: string;
  readonly position: number;
}

interface Missing {
  readonly position: number;
  readonly subject: string;
  readonly part: 'what' | 'who';
}

const MOST_SUSPECTS = 32;

/** Takes the entries one by one and notes what is wrong with them. */
export class LogWalk {
  /** What the entries add up to, row by row of the state. */
  readonly fold: Map<string, Folded> = new Map();
  /** The macs of some positions: the head's own, and those that were asked for. */
  readonly macs: Map<number, string> = new Map();
  entries = 0;
  erased = 0;
  last = 0;
  readonly #chains: Keyring;
  readonly #head: LockedHead;
  readonly #wanted: ReadonlySet<number>;
  readonly #mayBeUnsealed: boolean;
  readonly #found: Finding[] = [];
  readonly #suspects: Suspect[] = [];
  readonly #missing: Missing[] = [];
  readonly #erasedSubjects = new Set<string>();
  readonly #erasedAuthors = new Set<number>();
  /** Of the secret that signs; undefined where it was not given. */
  #chain: Chain | undefined;
  #keyCheck: string;
  /** What the next entry follows; undefined where nobody knows. */
  #previous: string | undefined;
  /** What it follows if the entries without a mac before it had one, which somebody took. */
  #previousWithMacs: string | undefined;

  /**
   * @param wanted positions whose macs are kept, beside the head's own
   * @param firstCheck of the secret that the log was begun with
   */
  constructor({ chains, sql }: Database, head: LockedHead, wanted: readonly number[], firstCheck: string) {
    this.#chains = chains;
    this.#keyCheck = firstCheck;
    this.#chain = this.#secretOf(firstCheck, 1);
    this.#head = head;
    this.#wanted = new Set([head.sealed, ...wanted]);
    this.#mayBeUnsealed = sql.family === 'mysql';
    this.#follow(this.#chain?.genesis(head.epoch));
  }

  take(line: LogLine): void {
    this.entries += 1;
    if (line.position > this.last + 1) this.#gap(line.position);
    const isForeign = this.#isForeign(line);
    if (!isForeign) {
      if (line.kind === ROTATION_KIND) this.#rotate(line);
      this.#checkMac(line);
    }
    this.#checkDetail(line, 'what', line.what, line.what_salt, line.what_data);
    this.#checkDetail(line, 'who', line.who, line.who_salt, line.who_data);
    this.last = line.position;
    if (line.mac !== null && this.#wanted.has(line.position)) this.macs.set(line.position, line.mac);
    // What nobody with the secret wrote changes nothing, and excuses nothing.
    if (!isForeign && line.what_data !== null) this.#apply(line, line.what_data);
  }

  /** All that was noted, once every entry was taken. */
  findings(): readonly Finding[] {
    const gone = this.#missing.filter(({ position, subject, part }) => {
      if (this.#erasedSubjects.has(subject)) return false;
      return part === 'what' || !this.#erasedAuthors.has(position);
    });
    return [
      ...this.#found,
      ...this.#unannounced(),
      ...misplaced(this.#suspects),
      ...gone.map(({ position, part }) => ({
        kind: 'deleted' as const,
        position,
        message: `${part === 'what' ? 'what entry' : 'who made entry'} ${position}${part === 'what' ? ' says' : ''} is gone, and no erasure explains it`,
      })),
    ];
  }

  #gap(position: number): void {
    const [from, to] = [this.last + 1, position - 1];
    this.#note('deleted', from, from === to ? `entry ${from} is missing` : `entries ${from} to ${to} are missing`);
    this.#follow(undefined);
  }

  #follow(mac: string | undefined): void {
    this.#previous = mac;
    this.#previousWithMacs = mac;
  }

  /** Notes an entry without a mac, unless old code wrote it a moment ago. */
  #isForeign(line: LogLine): boolean {
    const { position, mac } = line;
    if (mac !== null) return false;
    if (this.#mayBeUnsealed && position > this.#head.sealed && isLegacyTriggerEntry(line)) return false;
    this.#note('foreign', position, `entry ${position} has no mac: the store did not write it`);
    if (this.#previousWithMacs !== undefined) this.#previousWithMacs = this.#chain?.mac(this.#previousWithMacs, line);
    return true;
  }

  /** Changes to the secret that the entry names, where the one before endorsed it. */
  #rotate({ position, what_data: data }: LogLine): void {
    const rotation = parseRotation(data);
    // What an entry says, edited or deleted, is noted elsewhere.
    if (rotation === undefined) return;
    const { to, endorsement } = rotation;
    const previous = this.#previous;
    if (this.#chain && previous !== undefined && !this.#chain.isEndorsed(endorsement, previous, to)) {
      this.#note('foreign', position, `entry ${position} changes the secret, and the secret before did not sign that`);
      return;
    }
    this.#keyCheck = to;
    this.#chain = this.#secretOf(to, position);
  }

  /** Notes a secret that was not given. */
  #secretOf(keyCheck: string, position: number): Chain | undefined {
    const chain = this.#chains.find(keyCheck);
    if (chain === undefined) {
      const fix = 'add it to acceptedSecrets (RAMPART_ACCEPTED_SECRETS, or a line of --accepted-secret-file)';
      const message = `the secret ${secretFingerprint(keyCheck)}, which signs from entry ${position} on, was not given: ${fix}`;
      this.#note('secret_missing', position, message);
    }
    return chain;
  }

  /** A secret in the head that no entry changed to. */
  #unannounced(): readonly Finding[] {
    if (this.#chains.find(this.#keyCheck) === this.#chains.find(this.#head.key_check)) return [];
    const message = `the head of the log names the secret ${secretFingerprint(this.#head.key_check)}, and no entry changed to it`;
    return [{ kind: 'foreign', position: this.last, message }];
  }

  #checkMac(line: LogLine): void {
    const { mac, position } = line;
    if (mac === null) return;
    const [chain, previous, withMacs = ''] = [this.#chain, this.#previous, this.#previousWithMacs];
    this.#follow(mac);
    if (chain === undefined || previous === undefined) return;
    if ([previous, withMacs].some((before) => mac === chain.mac(before, line))) return;
    if (this.#chains.all().some((other) => other !== chain && mac === other.mac(previous, line))) {
      const message = `entry ${position} was signed with a secret that signs another part of the log`;
      this.#note('foreign', position, message);
    } else if (this.#suspects.length < MOST_SUSPECTS) this.#suspects.push({ row: line, chain, mac, previous });
  }

  #checkDetail(line: LogLine, part: 'what' | 'who', committed: string, salt: string | null, data: string | null): void {
    const { position, subject } = line;
    if (salt === null || data === null) {
      this.#missing.push({ position, subject, part });
      if (part === 'what') this.erased += 1;
    } else if (commitment(salt, data) !== committed) {
      this.#note(
        'edited',
        position,
        `${part === 'what' ? 'what entry' : 'who made entry'} ${position}${part === 'what' ? ' says' : ''} was edited`,
      );
    }
  }

  #apply({ id, position }: LogLine, data: string): void {
    const said = parsed(data);
    const { change, erased } = said;
    for (const pseudonym of erased?.pseudonyms ?? []) this.#erasedSubjects.add(pseudonym);
    for (const author of erased?.made ?? []) this.#erasedAuthors.add(author);
    if (change === undefined) return;
    const item = itemOf(change);
    this.fold.set(itemName(item.kind, item.keys), { values: item.values, entry: id, position });
  }

  #note(kind: FindingKind, position: number, message: string): void {
    this.#found.push({ kind, position, message });
  }
}

interface What {
  readonly change?: ControlChange;
  readonly erased?: { readonly pseudonyms: readonly string[]; readonly made: readonly number[] };
}

// What was edited may be no JSON any more, or name no change that we know; that it was edited is noted elsewhere.
function parsed(data: string): What {
  try {
    const what = JSON.parse(data) as What;
    if (what.change !== undefined) itemOf(what.change);
    return what;
  } catch {
    return {};
  }
}
