import type { App } from '../gateway.js';

/** What is done again and again as long as a gateway runs. */
export interface Repeated {
  /** In ms. */
  readonly every: number;
  /** Whether it is done at the start too. @default false */
  readonly atOnce?: boolean;
  /** Never rejects. While it is under way it is not begun again. */
  readonly work: () => Promise<void>;
}

/** Does work from when the gateway is ready until it stops. */
export function repeat(app: App, { every, atOnce = false, work }: Repeated): void {
  let busy = false;
  const once = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    await work();
    busy = false;
  };
  let timer: NodeJS.Timeout | undefined;
  app.addHook('onReady', (done) => {
    timer = setInterval(() => void once(), every);
    timer.unref();
    if (atOnce) void once();
    done();
  });
  app.addHook('preClose', (done) => {
    clearInterval(timer);
    done();
  });
}
