export { ensureInstalled } from './installation.js';
export { type PostgresOptions, type PostgresServer, startPostgres } from './postgres.js';
export { type PostgresReplica, type PostgresReplicaOptions, startReplica } from './postgres-replica.js';
export type { ProductName } from './products.js';
export {
  type RedisOptions,
  type RedisPersistence,
  type RedisServer,
  type RedisSnapshot,
  startRedis,
} from './redis.js';
export type { Server } from './server.js';
export { startTcpProxy, type TcpAddress, type TcpDirection, type TcpProxy } from './tcp-proxy.js';
