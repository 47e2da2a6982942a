import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { FlagDefinition } from '@rampart/core';
import type { Context } from 'unleash-client';

/** One case of Unleash's client specification. */
export interface SpecificationCase {
  readonly description: string;
  readonly context: Context;
  readonly toggleName: string;
}

interface ExpectedVariant {
  readonly name: string;
  readonly payload?: { readonly type: string; readonly value: string };
  readonly enabled: boolean;
  readonly feature_enabled: boolean;
}

/** The events that a delta answer is made of; only those with a flag are of interest here. */
interface DeltaEvent {
  readonly type: string;
  readonly feature?: FlagDefinition;
  readonly [key: string]: unknown;
}

/** What a server holds: all flags, or the events that lead to them. */
export type SpecificationState =
  | { readonly features: readonly FlagDefinition[]; readonly segments?: readonly unknown[] }
  | { readonly events: readonly DeltaEvent[] };

/** One file of the specification. */
export interface Specification {
  readonly name: string;
  readonly state: SpecificationState;
  readonly tests?: readonly (SpecificationCase & { readonly expectedResult: boolean })[];
  readonly variantTests?: readonly (SpecificationCase & { readonly expectedResult: ExpectedVariant })[];
}

const folder = join(
  createRequire(import.meta.url).resolve('@unleash/client-specification/package.json'),
  '../specifications',
);

const readJson = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'));

/** All files of `@unleash/client-specification`. */
export function readSpecifications(): readonly Specification[] {
  return (readJson('index.json') as string[]).map((file) => readJson(file) as Specification);
}

/** The name of the feature that {@link withGates} puts over every flag. */
const GATE = 'specification-gate';

const gateFlag: FlagDefinition = {
  name: GATE,
  enabled: true,
  strategies: [
    { name: 'aiAccess', parameters: { featureClass: 'specification', consent: 'not_required' }, constraints: [] },
  ],
};

/** Puts an open `aiAccess` gate over every flag: as a parent where Unleash allows one, in the `gates` map elsewhere. */
export function withGates(state: SpecificationState): { state: SpecificationState; gates: Record<string, string> } {
  const flags =
    'features' in state ? state.features : state.events.flatMap((event) => event.feature ?? featuresOf(event));
  const parents = new Set(flags.flatMap((flag) => flag.dependencies?.map((parent) => parent.feature) ?? []));
  const gates: Record<string, string> = {};
  const gate = (flag: FlagDefinition): FlagDefinition => {
    if ((flag.dependencies?.length ?? 0) === 0 && !parents.has(flag.name))
      return { ...flag, dependencies: [{ feature: GATE }] };
    gates[flag.name] = GATE;
    return flag;
  };
  if ('features' in state) return { state: { ...state, features: [gateFlag, ...state.features.map(gate)] }, gates };
  const events = state.events.map((event) => gateEvent(event, gate));
  const first = { eventId: 0, type: 'feature-updated', feature: gateFlag };
  const hydrated = events[0]?.type === 'hydration' ? events : [first, ...events];
  return { state: { events: hydrated }, gates };
}

function featuresOf(event: DeltaEvent): readonly FlagDefinition[] {
  return Array.isArray(event['features']) ? (event['features'] as FlagDefinition[]) : [];
}

function gateEvent(event: DeltaEvent, gate: (flag: FlagDefinition) => FlagDefinition): DeltaEvent {
  if (event.feature !== undefined) return { ...event, feature: gate(event.feature) };
  return event.type === 'hydration' ? { ...event, features: [gateFlag, ...featuresOf(event).map(gate)] } : event;
}

/** A server that answers the client API with one state; a stand-in for Unleash, whose database can't hold every state of the specification. */
export async function serveState(state: SpecificationState): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(request.url?.includes('/client/') ? JSON.stringify({ version: 2, ...state }) : '{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/api`,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
