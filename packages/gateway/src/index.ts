// For users.
export { hashKey } from './access/keys.js';
export type { Identity, Permission, Principal } from './access/principal.js';
export type { GatewayConfiguration, GatewayConfigurationInput } from './configuration.js';
export { createGateway, type GatewayOptions, readConfiguration } from './create-gateway.js';
export type { App } from './gateway.js';
