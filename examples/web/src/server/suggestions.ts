import { randomUUID } from 'node:crypto';
import { type Decision, readDecision, routeConfidence } from '@rampart/sdk';
import { FEATURE } from './flags.js';
import { modelDouble } from './model.js';
import type { Person } from './people.js';

/** What the page gets. Neither model nor prompt: those stay here. */
export type Suggestion =
  | { readonly kind: 'draft'; readonly route: 'auto' | 'confirm' | 'review'; readonly text: string }
  /** The model isn't sure enough. */
  | { readonly kind: 'human' }
  /** This person may have no draft. */
  | { readonly kind: 'closed' }
  /** Whether they may could not be asked. */
  | { readonly kind: 'unavailable' };

/** Where decisions come from: the gateway, with the key of this service. */
export interface Decisions {
  readonly gateway: string;
  readonly key: string;
}

/** Asks whether this person may have a draft now, whatever the page believes, and only then the model. */
export async function suggest(person: Person, ticket: string, decisions: Decisions): Promise<Suggestion> {
  const decision = await decide(person, decisions);
  if (decision === undefined) return { kind: 'unavailable' };
  if (!decision.enabled) return { kind: 'closed' };
  const { text, confidence } = await modelDouble(ticket, decision.binding);
  const route = routeConfidence(decision, confidence);
  return route === 'human' ? { kind: 'human' } : { kind: 'draft', route, text };
}

/** Undefined where the gateway does not answer: that is not the same as a no. */
async function decide({ id, tenant, tier }: Person, { gateway, key }: Decisions): Promise<Decision | undefined> {
  const context = {
    targetingKey: id,
    tenantId: tenant,
    tier,
    region: 'eu',
    labels: [],
    cohorts: [],
    requestId: randomUUID(),
  };
  const response = await fetch(`${gateway}/ofrep/v1/evaluate/flags/${FEATURE}:object`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ context }),
  }).catch(() => undefined);
  if (response === undefined || !response.ok) return undefined;
  const answer = (await response.json()) as { readonly value?: unknown };
  return readDecision(answer.value);
}
