import type { Channel, SharingPorts, Visibility } from './stream-sharing.js';

/** How tabs of this browser share a stream; undefined without a document, in a worker for example. */
export function browserSharing(): SharingPorts | undefined {
  if (typeof document === 'undefined') return undefined;
  const { locks } = navigator as { readonly locks?: LockManager };
  if (locks === undefined || typeof BroadcastChannel === 'undefined') return unshared(pageVisibility);
  return { locks, openChannel: (name) => new BroadcastChannel(name), page: pageVisibility };
}

/** Without Web Locks, as outside a secure context: each visible tab has its own stream, hidden tabs have none. */
export function unshared(page: Visibility): SharingPorts {
  const request = (async (_name: string, _options: LockOptions, work: () => Promise<void>) =>
    work()) as SharingPorts['locks']['request'];
  const openChannel = (): Channel => ({ addEventListener() {}, postMessage() {}, close() {} });
  return { locks: { request }, openChannel, page };
}

const pageVisibility: Visibility = {
  isVisible: () => document.visibilityState === 'visible',
  watch(changed, frozen) {
    document.addEventListener('visibilitychange', changed);
    document.addEventListener('resume', changed);
    document.addEventListener('freeze', frozen);
    addEventListener('pagehide', frozen);
    addEventListener('pageshow', changed);
    return () => {
      document.removeEventListener('visibilitychange', changed);
      document.removeEventListener('resume', changed);
      document.removeEventListener('freeze', frozen);
      removeEventListener('pagehide', frozen);
      removeEventListener('pageshow', changed);
    };
  },
};
