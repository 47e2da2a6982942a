import { Redis } from 'ioredis';

/** Counts while it is watched. */
export interface Reads {
  /** Ends it. How often each connection read, of those that did. */
  stop(): readonly number[];
}

/** Counts who reads the values of a tenant, as Redis itself sees it; what its scripts read is nobody's reading. */
export async function watchReads(url: string, tenant: string): Promise<Reads> {
  const redis = new Redis(url);
  const monitor = await redis.monitor();
  const counts = new Map<string, number>();
  monitor.on('monitor', (_time: string, [command = '', key = '']: readonly string[], source: string) => {
    if (command.toLowerCase() === 'hmget' && source !== 'lua' && key.endsWith(`:${tenant}`))
      counts.set(source, (counts.get(source) ?? 0) + 1);
  });
  return {
    stop() {
      monitor.disconnect();
      redis.disconnect();
      return [...counts.values()];
    },
  };
}
