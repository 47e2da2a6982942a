import type { Chapter, Scene, SceneOptions } from './fault.js';
import { type Row, runFault, runHealthy, settled } from './run-fault.js';

/** A chapter, whatever its scene is. */
export interface Story {
  readonly id: string;
  readonly title: string;
  readonly faults: readonly { readonly id: string; readonly name: string }[];
  /** Starts the scene, and waits until every reader answers the newest state. */
  readonly start: (options: SceneOptions) => Promise<Told>;
}

/** A chapter whose scene runs. */
export interface Told {
  /** Looks on while nothing is broken. */
  healthy(): Promise<Row>;
  /** Breaks one thing. @throws RangeError for a fault that is none of the chapter's */
  run(fault: string): Promise<Row>;
  stop(): Promise<void>;
}

/** Hides the scene. */
export function storyOf<S extends Scene>({ id, title, faults, start }: Chapter<S>): Story {
  return {
    id,
    title,
    faults,
    async start(options) {
      const scene = await start(options);
      try {
        await settled(scene);
      } catch (error) {
        await scene.stop();
        throw error;
      }
      return {
        healthy: () => runHealthy(scene, options.pace),
        async run(name) {
          const fault = faults.find((known) => known.id === name);
          if (fault === undefined)
            throw new RangeError(`${name} is none of ${faults.map((known) => known.id).join(', ')}`);
          return runFault(scene, fault, options.pace);
        },
        stop: () => scene.stop(),
      };
    },
  };
}
