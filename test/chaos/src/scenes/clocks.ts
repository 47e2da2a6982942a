import { type FakeTime, withFakeTime } from '@rampart/services';
import { allIsWell, type Chapter, type Fault, type SceneOptions } from '../fault.js';
import { Stops } from '../stops.js';
import { type OneRedis, startOneRedis } from './one-redis.js';

/** The writer and half of the readers live by one clock, the other readers by another; no server does. */
interface Clocks extends OneRedis {
  /** Moves the wall clock alone. */
  readonly wall: FakeTime;
  /** Moves the monotonic clock too. */
  readonly both: FakeTime;
}

const HOUR = 3_600;
/** Where both clocks are put once all have started: Node aborts when the monotonic clock falls behind a process's start. */
const NOON = 2 * HOUR;

const faultOf = (which: 'wall' | 'both', hours: 1 | -1): Fault<Clocks> => ({
  id: `clock-${which}-${hours === 1 ? 'forward' : 'back'}`,
  name: `${which === 'wall' ? 'wall clock' : 'wall and monotonic clock'} of half of the readers moved ${hours === 1 ? '+1 h' : '−1 h'}, and back again`,
  lasts: { short: 1_500, full: 20_000 },
  expects: 'either',
  async begin(scene) {
    await scene[which].set(NOON + hours * HOUR);
    return () => scene[which].set(NOON).then(allIsWell);
  },
});

/** What is known ages, and a clock that was put back must not make it young. */
const cutOffOf = (which: 'wall' | 'both'): Fault<Clocks> => ({
  id: `clock-${which}-back-cut-off`,
  name: `the same to −1 h (${which === 'wall' ? 'wall clock' : 'both clocks'}), readers cut off from PostgreSQL meanwhile`,
  lasts: { short: 3_500, full: 20_000 },
  expects: 'closes',
  async begin(scene) {
    const { readersToSql, lastReaderToSql } = scene.ways;
    const ways = [readersToSql, lastReaderToSql];
    for (const way of ways) way.halfOpen();
    await scene[which].set(NOON - HOUR);
    return async () => {
      await scene[which].set(NOON);
      await Promise.all(ways.map((way) => way.heal()));
      return [];
    };
  },
});

/** Processes whose clocks are moved. */
export const CLOCKS: Chapter<Clocks> = {
  id: 'clocks',
  title: 'processes on clocks of their own',
  start: startClocks,
  faults: [
    faultOf('wall', 1),
    faultOf('wall', -1),
    faultOf('both', 1),
    faultOf('both', -1),
    cutOffOf('wall'),
    cutOffOf('both'),
  ],
};

async function startClocks(options: SceneOptions): Promise<Clocks> {
  const stops = new Stops();
  try {
    const anything = { command: process.execPath, args: [] };
    const wall = stops.own(await withFakeTime(anything, { offsetSeconds: 0 }));
    const both = stops.own(await withFakeTime(anything, { offsetSeconds: 0 }));
    const scene = stops.own(
      await startOneRedis({
        ...options,
        launch: async (role, { command, args }) => {
          const monotonic = typeof role === 'number' && role % 2 === 1;
          return withFakeTime({ command, args }, { file: monotonic ? both.file : wall.file, monotonic });
        },
      }),
    );
    await Promise.all([wall.set(NOON), both.set(NOON)]);
    return { ...scene, wall, both, stop: () => stops.stop() };
  } catch (error) {
    await stops.stop();
    throw error;
  }
}
