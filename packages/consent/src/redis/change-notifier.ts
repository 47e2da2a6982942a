import { channelOf } from './names.js';
import type { RedisClient } from './redis-client.js';

/** Notifications between the processes of one environment. They may be late, lost, repeated or forged. */
export interface ChangeNotifier {
  /** Notifies every process, this one included. Doesn't wait or fail: without Redis, no process is notified. */
  send(topic: string): void;
  /** Calls the listener for each notification. @returns unsubscribe */
  listen(topic: string, listener: () => void): () => void;
}

/** Notifications over existing connections. */
export function createNotifier(link: RedisClient, environment: string): ChangeNotifier {
  const channel = (topic: string): string => channelOf(environment, `hint:${topic}`);
  return {
    send: (topic) => void link.publish(channel(topic), ''),
    listen: (topic, listener) => link.listen(channel(topic), () => listener()),
  };
}
