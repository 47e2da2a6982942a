import { type Cluster, Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { openClients } from './clients.js';
import { readConnection } from './connection.js';

const readOnly = new Error("READONLY You can't write against a read only replica.");

describe('clients', () => {
  it("fail fast and never resend timed-out commands, whatever the caller's options", () => {
    const options = {
      enableOfflineQueue: true,
      maxRetriesPerRequest: 20,
      autoResendUnfulfilledCommands: true,
      keyPrefix: 'x',
    };
    const { commands, subscriber } = openClients(readConnection({ url: 'redis://127.0.0.1:1', options }), 150);
    for (const client of [commands, subscriber]) {
      client.on('error', () => {});
      client.disconnect();
      expect(client).toBeInstanceOf(Redis);
      expect(client.options).toMatchObject({
        enableOfflineQueue: false,
        maxRetriesPerRequest: 0,
        autoResendUnfulfilledCommands: false,
        keyPrefix: '',
        commandTimeout: 150,
      });
    }
    expect(subscriber).not.toBe(commands);
  });

  it('reconnect through Sentinels when the primary became a replica, and not without Sentinels', () => {
    const sentinels = { sentinels: [{ host: '127.0.0.1', port: 1 }], name: 'main' };
    for (const [connection, again] of [['redis://127.0.0.1:1', false] as const, [sentinels, true] as const]) {
      const { commands, subscriber } = openClients(readConnection(connection), 150);
      for (const client of [commands, subscriber]) {
        client.on('error', () => {});
        client.disconnect();
      }
      const { reconnectOnError } = (commands as Redis).options;
      expect(reconnectOnError?.(readOnly)).toBe(again);
      expect(reconnectOnError?.(new Error('OOM'))).toBe(false);
    }
  });

  it('back off between connection attempts, up to a second', () => {
    const { commands, subscriber } = openClients(readConnection({ cluster: ['redis://127.0.0.1:1'] }), 150);
    commands.on('error', () => {});
    commands.disconnect();
    expect(subscriber).toBe(commands);
    const { clusterRetryStrategy } = (commands as Cluster).options;
    expect([1, 2, 3, 6, 1_000].map((attempt) => clusterRetryStrategy?.(attempt))).toEqual([50, 100, 200, 1_000, 1_000]);
  });
});
