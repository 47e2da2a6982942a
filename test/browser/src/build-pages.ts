import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/** Pages of the folder `pages`, bundled, at `url/NAME`. */
export interface Pages {
  readonly url: string;
  close(): Promise<void>;
}

/** Bundles pages as a product would, and serves them. */
export async function servePages(files: readonly string[]): Promise<Pages> {
  const folder = await mkdtemp(join(tmpdir(), 'rampart-pages-'));
  const root = fileURLToPath(new URL('./pages', import.meta.url));
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'esnext',
      reportCompressedSize: false,
      rollupOptions: { input: files.map((file) => join(root, file)), output: { entryFileNames: '[name].js' } },
    },
  });
  const server = createServer((request, response) => {
    const name = (request.url ?? '/').slice(1);
    if (!name.includes('.')) {
      response.setHeader('content-type', 'text/html').end(`<script type="module" src="/${name}.js"></script>`);
      return;
    }
    readFile(join(folder, name)).then(
      (script) => response.setHeader('content-type', 'text/javascript').end(script),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
