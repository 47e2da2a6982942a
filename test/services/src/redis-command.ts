import { Redis } from 'ioredis';

/** Where a Redis listens and how to get in. */
export interface RedisAddress {
  readonly port: number;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** In milliseconds. */
const patience = 10_000;

/**
 * One command on a connection of its own, as text and arrays of text.
 *
 * @throws Error when it is refused, or when nobody answers within 10 s.
 */
export async function redisCommand(
  { port, username, password }: RedisAddress,
  command: string,
  ...args: readonly (string | number)[]
): Promise<unknown> {
  const client = new Redis({
    host: '127.0.0.1',
    port,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    lazyConnect: true,
    // A server that is still loading its data is not asked for its state first.
    enableReadyCheck: false,
    connectTimeout: patience,
    // One that is frozen doesn't say goodbye.
    disconnectTimeout: 100,
    commandTimeout: patience,
    retryStrategy: () => null,
  });
  let broken: Error | undefined;
  client.on('error', (error: Error) => {
    broken = error;
  });
  try {
    await client.connect();
    return await client.call(command, ...args);
  } catch (error) {
    // The command itself fails only with "Connection is closed".
    throw broken ?? error;
  } finally {
    client.disconnect();
  }
}

/** Whether this process, and not another server that was faster to take the port, is there and has loaded its data. */
export async function answersAs(address: RedisAddress, pid: number): Promise<boolean> {
  const state = String(await redisCommand(address, 'INFO'));
  return state.includes(`process_id:${pid}\r`) && !state.includes('loading:1\r');
}
