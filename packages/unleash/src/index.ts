// For users.
export { UnleashFlagSource, type UnleashFlagSourceOptions } from './flag-source.js';
export { rampartStrategies, type StrategyOptions } from './strategies.js';

// For those who build adapters.
export { subjectContext, type UnleashContext, unleashContext } from './context.js';
export { UnleashEvaluator } from './evaluator.js';
export { DefinitionSnapshot } from './snapshot.js';
