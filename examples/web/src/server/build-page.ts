import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { build } from 'vite';

/** Builds the page into a folder. */
export async function buildPage(folder: string): Promise<void> {
  await build({
    root: fileURLToPath(new URL('../..', import.meta.url)),
    configFile: false,
    plugins: [react()],
    build: { outDir: folder, emptyOutDir: true, reportCompressedSize: false },
    logLevel: 'error',
  });
}
