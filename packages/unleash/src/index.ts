// For users.

// For those who build adapters.
export { type AbortableRequests, abortableRequests } from './abortable-requests.js';
export { subjectContext, type UnleashContext, unleashContext } from './context.js';
export { endsWithin } from './ends-within.js';
export { UnleashEvaluator } from './evaluator.js';
export { UnleashFlagSource, type UnleashFlagSourceOptions } from './flag-source.js';
export { DefinitionSnapshot } from './snapshot.js';
export { rampartStrategies, type StrategyOptions } from './strategies.js';
