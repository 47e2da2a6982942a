// For users.
export { hashKey } from './access/keys.js';
export type { Identity, Permission, Principal } from './access/principal.js';
export type {
  ClaimNames,
  FrontendConfiguration,
  GatewayConfiguration,
  GatewayConfigurationInput,
  IdentityConfiguration,
  KeyConfiguration,
  LimitConfiguration,
  Rate,
  UnleashConfiguration,
} from './configuration.js';
export { ConfigurationError, type ConfigurationProblem, isConfigurationError } from './configuration-error.js';
export { readConfiguration } from './configuration-schema.js';
export { createGateway, type GatewayOptions } from './create-gateway.js';
export type { App } from './gateway.js';
export { checkBackup } from './join-parts.js';
export { stopGateway } from './start-and-stop.js';
