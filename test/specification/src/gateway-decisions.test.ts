import { gatewayDoor } from './gateway-door.js';
import { runTables } from './run-tables.js';

runTables(gatewayDoor);
