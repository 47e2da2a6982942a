import type { RedisLink } from './link.js';
import { channelOf } from './names.js';

/** What processes of one environment tell each other: that something is worth a look. Hints may be late, lost, doubled or forged. */
export interface Hints {
  /** Tells every process, this one included. Doesn't wait, and doesn't fail: where Redis can't be had, nobody hears it. */
  send(topic: string): void;
  /** Calls back for each hint. Returns how to stop. */
  listen(topic: string, listener: () => void): () => void;
}

/** Hints over connections that are there already. */
export function hintsOver(link: RedisLink, environment: string): Hints {
  const channel = (topic: string): string => channelOf(environment, `hint:${topic}`);
  return {
    send: (topic) => void link.publish(channel(topic), ''),
    listen: (topic, listener) => link.listen(channel(topic), () => listener()),
  };
}
