import { mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { joined, type Order, orderSchema } from './order.js';

/** What a journal holds. */
export interface JournalContents {
  readonly orders: readonly Order[];
  /** Files that can't be read, and why. */
  readonly unreadable: readonly { readonly file: string; readonly problem: string }[];
}

/**
 * Orders that are under way, one small file each, on disk before anything else happens: a command that is cut short can be
 * finished by the next one, also where the database was never reached. Readable by their owner alone.
 */
export class Journal {
  readonly #folder: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
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
    const whole = known === undefined ? order : { ...order, places: joined(known.places, order.places) };
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
    try {
      return read(await readFile(this.#pathOf(order), 'utf8'));
    } catch {
      return undefined;
    }
  }

  /** Resolves when the order is gone from disk. Idempotent. */
  async remove(order: Pick<Order, 'entry'>): Promise<void> {
    try {
      await unlink(this.#pathOf(order));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    await this.#sync();
  }

  /** Everything that is under way, oldest first. */
  async list(): Promise<JournalContents> {
    const orders: Order[] = [];
    const unreadable: { file: string; problem: string }[] = [];
    for (const name of await this.#names()) {
      const file = join(this.#folder, name);
      try {
        orders.push(read(await readFile(file, 'utf8')));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
        unreadable.push({ file, problem: (error as Error).message });
      }
    }
    return { orders: orders.sort((a, b) => a.at - b.at), unreadable };
  }

  async #names(): Promise<readonly string[]> {
    try {
      return (await readdir(this.#folder)).filter((name) => name.endsWith('.json'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
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
