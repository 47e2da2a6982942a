export type { TokenPerEnvironment, UnleashEnvironment } from './credentials.js';
export {
  startUnleashServer,
  type UnleashServer,
  type UnleashServerOptions,
  type UnleashUser,
  type UnleashVersion,
} from './unleash-server.js';
