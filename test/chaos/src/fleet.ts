import type { ControlOptions } from '@rampart/sdk';
import { bundlePrograms } from './bundle.js';
import { Driver } from './driver.js';
import { type Launch, type Member, startMember } from './member.js';
import type { Pace } from './pace.js';
import type { FromReader, FromWriter, ProcessOptions, ToReader, ToWriter } from './protocol.js';
import type { Stops } from './stops.js';

/** A reader by its number, the writer, or a process that reads the log for the readers. */
type Role = number | 'writer' | 'relay';

/** Options of {@link startFleet}. */
export interface FleetOptions {
  readonly pace: Pace;
  /** Where each process finds its servers. */
  readonly control: (role: Role) => Pick<ControlOptions, 'database' | 'redis'>;
  /** What is really started. @default Node itself */
  readonly launch?: ((role: Role, command: Launch) => Promise<Launch>) | undefined;
  /** Whether the readers follow a relay. @default false */
  readonly relayed?: boolean | undefined;
  /** Readers that ignore that nothing can be shown fresh. @default false */
  readonly sabotaged?: boolean | undefined;
  /** Takes the processes. */
  readonly stops: Stops;
}

/** One writer, eight readers, and who drives them. */
export interface Fleet {
  readonly driver: Driver;
  readonly readers: readonly Member<ToReader, FromReader>[];
  readonly relay: Member<never, unknown> | undefined;
}

const READERS = 8;
export const ENVIRONMENT = 'chaos';
const SECRET = 'a secret of the chaos suite and of nobody else';
const HOT = ['hot-1', 'hot-2'];
const COLD = Array.from({ length: 8 }, (_, number) => `cold-${number + 1}`);
/** Memory for the hot tenants and half of the cold ones: each cold one is fetched again and again. */
const MOST_ENTRIES = 6;

/** Who asks whom for the end of the log, where there is a relay. */
const RELAYED = { reader: 'follow', relay: 'serve', writer: undefined } as const;

/** Starts the processes: first the writer, who makes the tables. */
export async function startFleet({
  pace,
  control,
  launch,
  relayed = false,
  sabotaged,
  stops,
}: FleetOptions): Promise<Fleet> {
  const bundle = await bundlePrograms();
  const start = async <In, Out>(role: Role, program: string): Promise<Member<In, Out>> => {
    const { maxStaleness, pollInterval } = pace;
    const common = { secret: SECRET, environment: ENVIRONMENT, maxStaleness, pollInterval, pool: { max: 3 } };
    const relay = relayed ? RELAYED[typeof role === 'number' ? 'reader' : role] : undefined;
    const options: ProcessOptions = {
      control: { ...common, mostEntries: MOST_ENTRIES, relay, ...control(role) },
      sabotaged,
    };
    return stops.own(
      await startMember<In, Out>({
        program,
        options,
        launch: launch && ((command) => launch(role, command)),
      }),
    );
  };
  try {
    const writer = await start<ToWriter, FromWriter>('writer', bundle.writer);
    // It needs to know no more than the writer does: that it is told nothing is enough.
    const relay = relayed ? await start<never, unknown>('relay', bundle.writer) : undefined;
    const readers = await Promise.all(
      Array.from({ length: READERS }, (_, reader) => start<ToReader, FromReader>(reader, bundle.reader)),
    );
    const driver = new Driver({ readers, writer, hot: HOT, cold: COLD, tempo: pace.tempo });
    stops.add(() => driver.stop());
    return { driver, readers, relay };
  } finally {
    // What runs has read it.
    bundle.remove();
  }
}
