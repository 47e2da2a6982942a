import type { Chapter } from './fault.js';
import { NETWORK_FAULTS } from './faults/network.js';
import { READER_FAULTS } from './faults/readers.js';
import { REDIS_FAULTS } from './faults/redis.js';
import { SQL_FAULTS } from './faults/sql.js';
import { type OneRedis, startOneRedis } from './one-redis.js';

/** A chapter with the type of its scene inside. */
export type AnyChapter = <R>(use: <S extends import('./fault.js').Scene>(chapter: Chapter<S>) => R) => R;

const oneRedis: Chapter<OneRedis> = {
  id: 'one-redis',
  title: 'one PostgreSQL, one Redis',
  start: startOneRedis,
  faults: [...REDIS_FAULTS, ...SQL_FAULTS, ...NETWORK_FAULTS, ...READER_FAULTS],
};
