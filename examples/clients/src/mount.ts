import { createGateway, stopGateway } from '@rampart/gateway';
import { database, keys, port, secret, unleash } from './your-settings.js';

const gateway = createGateway({ unleash, database, secret, keys });
process.once('SIGTERM', () => void stopGateway(gateway));
console.log(await gateway.listen({ host: '127.0.0.1', port }));
