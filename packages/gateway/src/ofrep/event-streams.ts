import type { Socket } from 'node:net';
import type { ControlChanged } from '@rampart/core';
import type { GatewayConfiguration } from '../configuration.js';
import { Repeats } from './repeats.js';
import { atOnce, TICK } from './spread.js';
import { type StreamTicket, UNCOUNTED } from './stream-tickets.js';

type Limits = Pick<GatewayConfiguration['limits'], 'streams' | 'streamsPerUser'>;
type Configuration = Pick<GatewayConfiguration, 'streamSeconds' | 'maxStaleness'> & { readonly limits: Limits };

/** What is held of one stream: whatever more would be held five thousand times. */
interface Stream {
  readonly socket: Socket;
  readonly id: string;
  readonly tenant: string | undefined;
  readonly owner: string;
  readonly endsAt: number;
}

/** Everything that follows within this time, in ms, is told of together. */
const TOGETHER = 200;
/** How much later than the oldest state that a process may answer from, in ms, streams are told again. */
const MARGIN = 100;
const HEARTBEAT = 15;
/** What waits for a page that doesn't read, in bytes; then it is cut off, and comes back by itself. */
const MOST_UNREAD = 16_384;

const BEAT: Buffer = Buffer.from(':\n\n');

/** The open event streams of this process. */
export class EventStreams {
  readonly #limits: Limits;
  readonly #lifetime: number;
  readonly #validator: () => string;
  /**
   * A page that is told asks at once, and whoever answers may not have heard: within `maxStaleness` it has, or knows that it
   * knows nothing. Who asks in vain is answered "unchanged".
   */
  readonly #repeats: Repeats<Stream>;
  readonly #streams = new Map<string, Stream>();
  readonly #owners = new Map<string, number>();
  readonly #tenants = new Map<string, Set<Stream>>();
  #timer: NodeJS.Timeout | undefined;
  #seconds = 0;
  #toldAt = -TOGETHER;
  #telling: NodeJS.Timeout | undefined;

  /** @param validator names flags and control state of now; goes to those who are told, and comes back with their question */
  constructor({ limits, streamSeconds, maxStaleness }: Configuration, validator: () => string) {
    this.#limits = limits;
    this.#lifetime = streamSeconds * 1_000;
    this.#validator = validator;
    this.#repeats = new Repeats(maxStaleness + MARGIN, (whom) => {
      const event = this.#refetch();
      for (const stream of whom) this.#write(stream, event);
    });
  }

  /** Whether a page is connected here with this ticket. */
  has(id: string): boolean {
    return this.#streams.has(id);
  }

  /** Why no more streams can be opened, if so: too many of this owner, or of all. */
  refusal(owner: string, id: string): 'owner' | 'all' | undefined {
    const replaced = this.#streams.has(id) ? 1 : 0;
    if (this.#streams.size - replaced >= this.#limits.streams) return 'all';
    if (owner === UNCOUNTED) return undefined;
    return (this.#owners.get(owner) ?? 0) - replaced >= this.#limits.streamsPerUser ? 'owner' : undefined;
  }

  /** Tenants that somebody listens for. */
  tenants(): Iterable<string> {
    return this.#tenants.keys();
  }

  /** Whether somebody listens for a tenant. */
  hasTenant(tenant: string): boolean {
    return this.#tenants.has(tenant);
  }

  /** Takes a connection over on which the head of an answer was sent. A page that comes back replaces its own stream. */
  add(socket: Socket, { id, tenant }: StreamTicket, owner: string): void {
    const former = this.#streams.get(id);
    if (former !== undefined) this.#end(former);
    const endsAt = Date.now() + this.#lifetime;
    const stream: Stream = { socket, id, tenant, owner, endsAt };
    this.#streams.set(id, stream);
    this.#owners.set(owner, (this.#owners.get(owner) ?? 0) + 1);
    if (tenant !== undefined) {
      const others = this.#tenants.get(tenant);
      if (others === undefined) this.#tenants.set(tenant, new Set([stream]));
      else others.add(stream);
    }
    socket.once('close', () => this.#forget(stream));
    this.#timer ??= setInterval(() => this.#second(), 1_000).unref();
  }

  /** Tells whom a change concerns that they have to ask again. */
  tell({ tenants }: ControlChanged): void {
    if (tenants === 'all') {
      this.#tellAll();
      return;
    }
    const event = this.#refetch();
    for (const tenant of tenants) for (const stream of this.#tenants.get(tenant) ?? []) this.#say(stream, event);
  }

  /** Tells one stream that its page has to ask again. */
  tellOne(id: string): void {
    const stream = this.#streams.get(id);
    if (stream !== undefined) this.#say(stream, this.#refetch());
  }

  /** Ends every stream; pages come back by themselves, to another process. */
  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#telling);
    this.#repeats.close();
    this.#timer = undefined;
    for (const stream of this.#streams.values()) this.#end(stream);
  }

  #tellAll(): void {
    if (this.#telling !== undefined) return;
    const wait = this.#toldAt + TOGETHER - performance.now();
    if (wait <= 0) {
      this.#tellEach();
      return;
    }
    this.#telling = setTimeout(() => {
      this.#telling = undefined;
      this.#tellEach();
    }, wait);
    this.#telling.unref();
  }

  #tellEach(): void {
    this.#toldAt = performance.now();
    const event = this.#refetch();
    const all = [...this.#streams.values()];
    const group = atOnce(all.length);
    const from = (start: number): void => {
      for (const stream of all.slice(start, start + group)) this.#say(stream, event);
      if (start + group < all.length) setTimeout(() => from(start + group), TICK).unref();
    };
    from(0);
  }

  // The event that makes a page ask again.
  #refetch(): Buffer {
    return Buffer.from(`data: ${JSON.stringify({ type: 'refetchEvaluation', etag: this.#validator() })}\n\n`);
  }

  #second(): void {
    this.#seconds += 1;
    const now = Date.now();
    let index = this.#seconds;
    for (const stream of this.#streams.values()) {
      index += 1;
      if (stream.endsAt <= now) this.#end(stream);
      else if (index % HEARTBEAT === 0) this.#write(stream, BEAT);
    }
  }

  // A repeat is not repeated.
  #say(stream: Stream, event: Buffer): void {
    this.#write(stream, event);
    if (!stream.socket.destroyed) this.#repeats.add(stream);
  }

  #write({ socket }: Stream, bytes: Buffer): void {
    if (socket.destroyed) return;
    if (socket.writableLength > MOST_UNREAD) socket.destroy();
    else socket.write(bytes);
  }

  #end(stream: Stream): void {
    this.#forget(stream);
    stream.socket.end();
  }

  #forget(stream: Stream): void {
    const { id, tenant, owner } = stream;
    this.#repeats.delete(stream);
    if (this.#streams.get(id) !== stream) return;
    this.#streams.delete(id);
    const left = (this.#owners.get(owner) ?? 1) - 1;
    if (left > 0) this.#owners.set(owner, left);
    else this.#owners.delete(owner);
    const others = tenant === undefined ? undefined : this.#tenants.get(tenant);
    others?.delete(stream);
    if (tenant !== undefined && others?.size === 0) this.#tenants.delete(tenant);
    if (this.#streams.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
