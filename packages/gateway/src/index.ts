// For users.
export { hashKey } from './access/keys.js';
export type { Identity, Permission, Principal } from './access/principal.js';
export type { GatewayConfiguration, GatewayConfigurationInput } from './configuration.js';
export { ConfigurationError, isConfigurationError } from './configuration-error.js';
export { readConfiguration } from './configuration-schema.js';
export { createGateway, type GatewayOptions } from './create-gateway.js';
export type { App } from './gateway.js';
export { stopGateway } from './start-and-stop.js';
