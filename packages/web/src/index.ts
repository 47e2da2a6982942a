// For users.

export type { EventSourceOptions } from './event-stream.js';
export type { BuiltClient, CommonOptions, ExistingClient, RampartWebProviderOptions } from './options.js';
export { RampartWebProvider } from './rampart-web-provider.js';
export type { HeaderRecord } from './stream-name.js';
export { NO_WEB_DECISION, readWebDecision, type WebDecision } from './web-decision.js';
