import { AGENT, EXISTING } from './operator.js';
import type { Shown, Subject } from './subjects.js';

interface AiReply {
  readonly why: Shown;
}

interface FlagReply {
  readonly show: boolean;
  readonly why: { readonly gate: string };
}

/** Sends one subject's question over HTTP and reads what came back. */
export async function ask(service: string, { tenant, flag, question }: Subject): Promise<Shown> {
  const body = { tenantId: tenant, userId: `someone@${tenant}`, question };
  if (flag === EXISTING) {
    const query = new URLSearchParams(body);
    const { show, why } = await send<FlagReply>(`${service}/reply-suggestions?${query.toString()}`);
    return { outcome: String(show), gate: why.gate };
  }
  const path = flag === AGENT ? '/refund-advice' : '/reply';
  const { outcome, gate, variant, mode, route } = (await send<AiReply>(service + path, 'POST', body)).why;
  return { outcome, gate, variant, mode, route };
}

/** A tenant's admin says yes or no; resolves when the service has acknowledged it. */
export async function sayConsent(service: string, tenant: string, state: 'opt_in' | 'opt_out'): Promise<void> {
  await send(`${service}/tenants/${tenant}/consent`, 'PUT', { featureClass: 'support_copilot', state });
}

/** How the change in shadow did beside the answers. */
export function shadowRuns(service: string): Promise<Readonly<Record<string, { runs: number; same: number }>>> {
  return send(`${service}/shadow-runs`);
}

async function send<T>(url: string, method = 'GET', body?: object): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method, ...(body && { headers, body: JSON.stringify(body) }) });
  if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

/** Whether two answers are the same; absent and undefined are one. */
export function sameShown(a: Shown, b: Shown): boolean {
  return (['outcome', 'gate', 'variant', 'mode', 'route'] as const).every((field) => a[field] === b[field]);
}

/** An answer in a few words. */
export function describeShown({ outcome, gate, variant, mode, route }: Shown): string {
  if (gate !== 'open') return `${outcome} at ${gate}`;
  return variant === undefined ? outcome : [variant, mode, route].filter((word) => word !== undefined).join(' ');
}
