import { afterEach, expect, it, vi } from 'vitest';
import { request } from './request.js';

afterEach(() => vi.restoreAllMocks());

it('waits for no answer for ever', async () => {
  const inTime = new AbortController();
  vi.spyOn(AbortSignal, 'timeout').mockReturnValue(inTime.signal);
  vi.spyOn(globalThis, 'fetch').mockImplementation(
    (_url, init) =>
      new Promise((_, reject) => init?.signal?.addEventListener('abort', () => reject(new Error('late')))),
  );
  const asked = request('/demo/settings');
  inTime.abort();
  await expect(asked).rejects.toThrow('No answer came.');
});
