import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { eventually } from './eventually.mjs';

/** `1700000000.123456 [0 127.0.0.1:4711] "hmget" "key"`; instead of the address, `lua` in a script. */
const SEEN = /^\+[\d.]+ \[\d+ ([^\]]+)\] (.*)$/;

/** Lists every command that clients send to a Redis from now on, those of its scripts left out. */
export async function watchRedis(server) {
  // Not by ioredis, which takes what it sees for the answer to its own greeting when both come at once.
  const socket = connect(server.port, '127.0.0.1');
  const lines = createInterface({ input: socket });
  const commands = [];
  lines.on('line', (line) => {
    const [, source, command] = SEEN.exec(line) ?? [];
    if (command !== undefined && source !== 'lua') commands.push(wordsOf(command));
  });
  const begun = once(lines, 'line');
  socket.write('MONITOR\r\n');
  await begun;
  return {
    async stop() {
      const last = `end-${performance.now()}`;
      await server.command('ECHO', last);
      await eventually('the last command is seen', () => commands.some((words) => words.includes(last)));
      socket.destroy();
      return commands.map(([name = '', ...words]) => [name.toLowerCase(), ...words]);
    },
  };
}

function wordsOf(command) {
  return Array.from(command.matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, word]) => word);
}
