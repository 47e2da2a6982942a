export { PEOPLE, type Person } from './server/people.js';
export { startWebDemo, type WebDemo, type WebDemoOptions } from './server/start.js';
