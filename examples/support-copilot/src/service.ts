import { randomUUID } from 'node:crypto';
import { type Client, OpenFeature } from '@openfeature/server-sdk';
import {
  createRampart,
  type Decision,
  type DurableControl,
  isConflictError,
  type Route,
  readDecision,
  routeConfidence,
  type TenantDirectory,
} from '@rampart/sdk';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { CallBudget } from './call-budget.js';
import { fakeModel } from './model.js';
import { ShadowLog } from './shadow-log.js';

/** Who asks, and what. A real service takes tenant and user from the session, never from the body. */
interface Ask {
  readonly tenantId: string;
  readonly userId: string;
  readonly question: string;
}

/** What the ticket view shows. */
export type Reply =
  | ({ readonly kind: 'answer'; readonly text: string; readonly route: Route } & Pick<
      Decision,
      'review' | 'disclosure'
    >)
  | { readonly kind: 'human'; readonly route: Route; readonly fallback: Decision['fallback'] }
  | { readonly kind: 'paywall'; readonly paywall: Decision['paywall'] }
  | { readonly kind: 'consent_required' }
  | { readonly kind: 'unavailable'; readonly message: string | undefined }
  | { readonly kind: 'no_ai' };

/** What the service needs from outside. */
export interface ServiceOptions {
  /** Unleash's address with `/api`, and a client token. */
  readonly unleash: { readonly url: string; readonly token: string };
  /** Consent, kill switches and the like; the tenant admins' choices are written here. */
  readonly control: DurableControl;
  /** Tier, region, labels and cohorts of a tenant: your own database. */
  readonly directory: TenantDirectory;
  /** How often flags are fetched, in ms. @default 5000 */
  readonly refreshInterval?: number;
  /** @default a free one */
  readonly port?: number;
}

/** A running service. */
export interface Service {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts the support copilot: it is ready to answer when this resolves. */
export async function startService({ unleash, control, port = 0, ...options }: ServiceOptions): Promise<Service> {
  const { directory, refreshInterval = 5_000 } = options;
  const customHeaders = { Authorization: unleash.token };
  const rampart = createRampart({
    unleash: { url: unleash.url, appName: 'support-copilot', customHeaders, refreshInterval },
    control,
    directory: { lookup: directory },
  });
  await OpenFeature.setProviderAndWait(rampart.provider);
  const app = routes(OpenFeature.getClient(), control);
  const url = await app.listen({ host: '127.0.0.1', port });
  return {
    url,
    async close() {
      await app.close();
      await OpenFeature.clearProviders();
    },
  };
}

function routes(client: Client, control: DurableControl): FastifyInstance {
  const app = Fastify({ genReqId: () => randomUUID() });
  const budget = new CallBudget();
  const shadow = new ShadowLog();

  // Name the feature, get the change that this tenant has now; changes come and go in Unleash.
  const replyFrom = (feature: string) => async (request: FastifyRequest<{ Body: Ask }>, response: FastifyReply) => {
    const { tenantId, userId, question } = request.body;
    const context = { targetingKey: userId, tenantId, requestId: request.id };
    const decision = readDecision(await client.getObjectValue(feature, {}, context));
    const { change, limits } = decision;
    const reply = await answer(decision, question, () => budget.take(tenantId, change, limits?.maxPerHour));
    // Only once the answer is out: the candidate can't delay it, change it or make it fail.
    response.raw.once('finish', () => {
      shadow.run(decision, question, 'text' in reply ? reply.text : undefined).catch((error) => app.log.error(error));
    });
    return { ...reply, why: whyOf(decision, reply) };
  };
  app.post('/reply', { schema: { body: ASK } }, replyFrom('ai.support-copilot'));
  app.post('/refund-advice', { schema: { body: ASK } }, replyFrom('ai.refund-agent'));

  // Code from before Rampart: the flag gained a parent in Unleash, and this call is as it was.
  app.get<{ Querystring: Ask }>(
    '/reply-suggestions',
    { schema: { querystring: ASKER } },
    async ({ query: { tenantId, userId } }) => {
      const details = await client.getBooleanDetails('reply-suggestions', false, { targetingKey: userId, tenantId });
      return { show: details.value, why: details.flagMetadata };
    },
  );

  // A tenant's own admin says yes or no. The revision goes along with the next question where it must be seen for certain.
  app.put<{ Params: { tenantId: string }; Body: ConsentChoice }>(
    '/tenants/:tenantId/consent',
    { schema: { body: CONSENT } },
    async ({ params: { tenantId }, body: { featureClass, state, expected } }, response) => {
      try {
        const { revision } = await control.apply(
          { kind: 'consent', tenant: tenantId, featureClass, consent: { state } },
          { actor: `admin of ${tenantId}`, reason: 'said so in the settings', expected },
        );
        return { revision };
      } catch (error) {
        if (!isConflictError(error)) throw error;
        return response.code(409).send({ message: error.message, current: error.current });
      }
    },
  );

  app.get('/shadow-runs', async () => shadow.counts());
  return app;
}

/** Turns a decision into what is shown; calls the model only where the decision says so. */
async function answer(decision: Decision, question: string, withinBudget: () => boolean): Promise<Reply> {
  switch (decision.outcome) {
    case 'paywall':
      return { kind: 'paywall', paywall: decision.paywall };
    case 'consent_required':
      return { kind: 'consent_required' };
    case 'unavailable':
      return { kind: 'unavailable', message: decision.message };
    case 'off':
    case 'shadow':
      return { kind: 'no_ai' };
    case 'enabled': {
      if (!withinBudget()) return { kind: 'no_ai' };
      const { text, confidence } = await fakeModel(question, decision.binding);
      const route = routeConfidence(decision, confidence);
      return route === 'human'
        ? { kind: 'human', route, fallback: decision.fallback }
        : { kind: 'answer', text, route, review: decision.review, disclosure: decision.disclosure };
    }
  }
}

/** For your own staff: why the answer is what it is. */
function whyOf({ outcome, gate, detail, change, variant, mode }: Decision, reply: Reply) {
  return { outcome, gate, detail, change, variant, mode, route: 'route' in reply ? reply.route : undefined };
}

interface ConsentChoice {
  readonly featureClass: string;
  readonly state: 'opt_in' | 'opt_out';
  /** The revision that the settings page had read; an opt-out needs none. */
  readonly expected?: string;
}

const text = { type: 'string', minLength: 1 };
const ASKER = { type: 'object', required: ['tenantId', 'userId'], properties: { tenantId: text, userId: text } };
const ASK = {
  type: 'object',
  required: ['tenantId', 'userId', 'question'],
  properties: { tenantId: text, userId: text, question: text },
};
const CONSENT = {
  type: 'object',
  required: ['featureClass', 'state'],
  properties: { featureClass: text, state: { enum: ['opt_in', 'opt_out'] }, expected: text },
};
