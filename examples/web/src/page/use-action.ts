import { useState } from 'react';

/** How far something that a person started is; what failed may be started again. */
export interface Action<A extends readonly unknown[]> {
  readonly state: 'idle' | 'busy' | 'done' | 'failed';
  readonly start: (...given: A) => void;
}

export function useAction<A extends readonly unknown[]>(work: (...given: A) => Promise<unknown>): Action<A> {
  const [state, setState] = useState<Action<A>['state']>('idle');
  const start = (...given: A): void => {
    setState('busy');
    work(...given).then(
      () => setState('done'),
      () => setState('failed'),
    );
  };
  return { state, start };
}
