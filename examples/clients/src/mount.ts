import { createGateway } from '@rampart/gateway';
import { database, keys, secret, unleash } from './your-settings.js';

const gateway = createGateway({ unleash, database, secret, keys });
await gateway.listen({ host: '127.0.0.1', port: 8080 });
process.once('SIGTERM', () => gateway.close());
