export { type ChromiumServer, startChromium } from './chromium.js';
export { prepareEmbedded } from './embedded.js';
export { type Command, type FakeTime, type FakeTimeOptions, withFakeTime } from './fake-time.js';
export { type ForwardProxy, startForwardProxy } from './forward-proxy.js';
export { type HostileHttp, HTTP_HOSTILITIES, type HttpHostility, startHostileHttp } from './hostile-http.js';
export { HOSTILITIES, type HostileRedis, type Hostility, startHostileRedis } from './hostile-redis.js';
export { ensureInstalled } from './installation.js';
export { type MariadbOptions, type MariadbServer, startMariadb } from './mariadb.js';
export { type NginxOptions, startNginx } from './nginx.js';
export { type PgbouncerOptions, type PgbouncerServer, startPgbouncer } from './pgbouncer.js';
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
export { type RedisCluster, type RedisClusterOptions, startCluster } from './redis-cluster.js';
export { type RedisSentinelOptions, type RedisSentinels, startSentinels } from './redis-sentinel.js';
export type { Server } from './server.js';
export { startTcpProxy, type TcpAddress, type TcpDirection, type TcpProxy, type TcpTrip } from './tcp-proxy.js';
