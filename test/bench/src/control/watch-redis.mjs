import { Redis } from 'ioredis';
import { eventually } from './eventually.mjs';

/** Lists every command that clients send to a Redis from now on, those of its scripts left out. */
export async function watchRedis(server) {
  const client = new Redis(server.url);
  const monitor = await client.monitor();
  const commands = [];
  monitor.on('monitor', (_time, command, source) => {
    if (source !== 'lua') commands.push(command);
  });
  return {
    async stop() {
      const last = `end ${performance.now()}`;
      await client.echo(last);
      await eventually('the last command is seen', () => commands.some(([, text]) => text === last));
      monitor.disconnect();
      client.disconnect();
      return commands;
    },
  };
}
