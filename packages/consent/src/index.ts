export type { PushState, SecondLevel } from './second-level.js';
