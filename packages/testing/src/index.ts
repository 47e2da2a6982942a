// For users.
export { type Answer, decisionOf } from './answers.js';
export { createFakeClock, type FakeClock } from './fake-clock.js';
export type { RecordedEvaluation, SubjectMatch } from './test-flags.js';
export { createTestRampart, type TestRampart, type TestRampartOptions } from './test-rampart.js';
