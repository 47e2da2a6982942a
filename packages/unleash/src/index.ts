// For users.
export { type UnleashFlagSourceOptions, UnleashFlagSource } from './flag-source.js';
export { rampartStrategies, type StrategyOptions } from './strategies.js';

// For those who build adapters.
export { subjectContext, unleashContext, type UnleashContext } from './context.js';
export { UnleashEvaluator } from './evaluator.js';
export { DefinitionSnapshot } from './snapshot.js';
