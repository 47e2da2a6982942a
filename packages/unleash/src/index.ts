// For users.

// For those who build adapters.
export { type AbortableRequests, abortableRequests } from './abortable-requests.js';
export { subjectContext, type UnleashContext, unleashContext } from './context.js';
export { UnleashEvaluator } from './evaluator.js';
export { UnleashFlagSource, type UnleashFlagSourceOptions } from './flag-source.js';
export { settlesWithin } from './settles-within.js';
export { DefinitionSnapshot } from './snapshot.js';
export { rampartStrategies, type StrategyOptions } from './strategies.js';
