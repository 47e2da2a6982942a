import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { newFolder } from './folder.js';
import { ensureInstalled } from './installation.js';
import { requireFile } from './products.js';
import { run } from './run.js';
import { type Server, startServer } from './server.js';

export interface NginxOptions {
  /** nginx.conf for the port that nginx listens on. It finds `gateway.crt` and `gateway.key` beside itself. */
  readonly configuration: (port: number) => string;
}

/** Folders for request bodies and answers that don't fit into memory; the built-in ones belong to root. */
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${kind};`);

/** Starts nginx with a certificate that it signed itself. @throws Error with nginx's log when it does not start. */
export async function startNginx({ configuration }: NginxOptions): Promise<Server> {
  await ensureInstalled(['nginx']);
  const folder = await newFolder('nginx');
  const files = ['-keyout', join(folder, 'gateway.key'), '-out', join(folder, 'gateway.crt')];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  await run({ command: 'openssl', args: [...request, ...files] });
  return startServer({
    name: 'nginx',
    command: requireFile('nginx', 'nginx'),
    args: (port) => {
      const text = configuration(port).replace('http {', `http {\n  ${TEMPORARY.join('\n  ')}`);
      writeFileSync(join(folder, 'nginx.conf'), text);
      return ['-p', folder, '-c', 'nginx.conf', '-g', 'daemon off;'];
    },
    folder,
    answers: isListening,
  });
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
