import { providerDoor } from './provider-door.js';
import { runTables } from './run-tables.js';

runTables(providerDoor);
