import { mkdir, open, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { joined, type Order, orderSchema } from './order.js';

/** Where orders are kept on this machine. */
export interface JournalPlace {
  /** The folder for orders for this address of the database. */
  readonly folder: string;
  /** The address, without the password. */
  readonly database?: string | undefined;
  /** The folder that holds the folders of all addresses, this one among them. @default orders for other addresses aren't looked for */
  readonly all?: string | undefined;
}

/** An order for another control log, or for an address of which this machine never knew the log. */
export interface OtherOrder {
  readonly order: Order;
  readonly file: string;
}

/** What a journal holds. */
export interface JournalContents {
  /** Orders for this control log, whatever address it had when they were made. */
  readonly orders: readonly Order[];
  /** Absent where there is none. */
  readonly others?: readonly OtherOrder[] | undefined;
  /** Files that can't be read, and why. */
  readonly unreadable: readonly { readonly file: string; readonly problem: string }[];
}

/**
 * Orders that are under way, one small file each, on disk before anything else happens: a command that is cut short can be
 * finished by the next one, also where the database was never reached. Readable by their owner alone.
 */
export class Journal {
  readonly #folder: string;
  readonly #database: string | undefined;
  readonly #all: string | undefined;
  /** Files of orders that were made for another address of this log. */
  readonly #elsewhere = new Map<string, string>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(place: string | JournalPlace) {
    const { folder, database, all } = typeof place === 'string' ? { folder: place } : place;
    this.#folder = folder;
    this.#database = database;
    this.#all = all;
  }

  /** Notes which control log answers at this address, for orders that are made while it can't be reached. */
  async rememberLog(epoch: string): Promise<void> {
    if (this.#all === undefined || (await this.#knownLog()) === epoch) return;
    await mkdir(this.#all, { recursive: true, mode: 0o700 });
    await writeFile(`${this.#folder}.log-id`, epoch, { mode: 0o600 });
  }

  async #knownLog(): Promise<string | undefined> {
    if (this.#all === undefined) return undefined;
    return readFile(`${this.#folder}.log-id`, 'utf8').catch(() => undefined);
  }

  /** Resolves when the order is on disk. Places that another process noted meanwhile are kept. */
  write(order: Order): Promise<Order> {
    const written = this.#last.catch(() => {}).then(() => this.#write(order));
    this.#last = written;
    return written;
  }

  async #write(order: Order): Promise<Order> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const known = await this.find(order);
    const { log = await this.#knownLog(), database = this.#database } = order;
    const whole = { ...order, places: joined(known?.places ?? [], order.places), log, database };
    const path = this.#pathOf(order);
    const draft = `${path}.${process.pid}.new`;
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(whole)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    await this.#sync();
    return whole;
  }

  /** The order as it is on disk. */
  async find(order: Pick<Order, 'entry'>): Promise<Order | undefined> {
    for (const path of [this.#pathOf(order), this.#elsewhere.get(order.entry)]) {
      const found = path === undefined ? undefined : await readFile(path, 'utf8').then(read, () => undefined);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Resolves when the order is gone from disk. Idempotent. */
  async remove(order: Pick<Order, 'entry'>): Promise<void> {
    const other = this.#elsewhere.get(order.entry);
    if (other !== undefined) await removeFile(other);
    if (await removeFile(this.#pathOf(order))) await this.#sync();
  }

  /** Makes an order one for this control log. */
  async adopt({ order, file }: OtherOrder): Promise<void> {
    await this.write(order);
    if (file !== this.#pathOf(order)) await removeFile(file);
  }

  /**
   * Everything that is under way, oldest first.
   *
   * @param epoch of the control log that answers now; undefined where it can't be reached
   */
  async list(epoch?: string): Promise<JournalContents> {
    const orders: Order[] = [];
    const others: OtherOrder[] = [];
    const unreadable: { file: string; problem: string }[] = [];
    const log = epoch ?? (await this.#knownLog());
    const files = await this.#files().catch((error: Error) => {
      unreadable.push({ file: this.#folder, problem: error.message });
      return [];
    });
    for (const file of files) {
      try {
        const order = read(await readFile(file, 'utf8'));
        const isHere = dirname(file) === this.#folder;
        const isOurs = order.log === undefined || log === undefined ? isHere : order.log === log;
        if (!isOurs) others.push({ order, file });
        else {
          orders.push(order);
          if (!isHere) this.#elsewhere.set(order.entry, file);
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
        unreadable.push({ file, problem: (error as Error).message });
      }
    }
    const found = { orders: orders.sort((a, b) => a.at - b.at), unreadable };
    return others.length === 0 ? found : { ...found, others };
  }

  async #files(): Promise<readonly string[]> {
    const siblings = this.#all === undefined ? [] : await namesIn(this.#all);
    const all = this.#all ?? '';
    const names = siblings.filter((name) => name !== basename(this.#folder) && !name.includes('.'));
    const folders = [this.#folder, ...names.map((name) => join(all, name))];
    const found = await Promise.all(
      folders.map(async (folder) => (await namesIn(folder)).map((name) => join(folder, name))),
    );
    return found.flat().filter((name) => name.endsWith('.json'));
  }

  // A name is on disk once its folder is.
  async #sync(): Promise<void> {
    const folder = await open(this.#folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  #pathOf(order: Pick<Order, 'entry'>): string {
    return join(this.#folder, `${encodeURIComponent(order.entry)}.json`);
  }
}

function read(text: string): Order {
  return orderSchema.parse(JSON.parse(text));
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
