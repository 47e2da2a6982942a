import type { ChangeFlag, FeatureFlag, FlagSnapshot, Kill, Problem } from '@rampart/core';
import { describeProblem } from '@rampart/core';
import { z } from 'zod';
import type { App, Gateway } from '../gateway.js';
import { recorded } from '../service/recorded.js';
import { modeSchema, stageSchema } from './schemas.js';

const kills = z.array(z.string()).describe('Ids of the kills that cover some or all of its subjects.');
const common = {
  name: z.string(),
  enabled: z.boolean().describe('On in Unleash, in the environment that is served.'),
  killed: z.boolean().describe('Killed for everyone.'),
  kills,
  problems: z.array(z.string()).describe('Why it is misconfigured, and closed.'),
};
const featuresAnswer = z.object({
  features: z.array(
    z.object({
      ...common,
      featureClass: z.string().optional(),
      consent: z.string().optional().describe('The consent model.'),
      consentVersion: z.number().optional(),
      minTier: z.string().optional(),
      exclude: z.array(z.string()).optional(),
      maxMode: modeSchema.optional(),
      priority: z.string().optional(),
      tenants: z
        .object({ optedIn: z.number(), optedOut: z.number() })
        .optional()
        .describe('How many tenants said what of its class.'),
      changes: z.array(
        z.object({
          ...common,
          rules: z.array(
            z.object({
              stage: stageSchema,
              rollout: z.number().describe('Percent, 0 to 100.'),
              mode: modeSchema,
              tenants: z.array(z.string()),
              tiers: z.array(z.string()),
              regions: z.array(z.string()),
              maxPerHour: z.number().optional(),
              variants: z.array(z.string()),
            }),
          ),
        }),
      ),
    }),
  ),
});

/** What AI features there are, and how far each of their changes is. */
export function serveFeatures(app: App, gateway: Gateway): void {
  app.get(
    '/v1/operator/features',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'listFeatures',
        tags: ['operators'],
        summary: 'AI features with their changes: stage, rollout, mode, kills, and who agreed',
        response: { 200: featuresAnswer },
      },
    },
    () => featuresOf(gateway),
  );
}

async function featuresOf(gateway: Gateway) {
  const [items, counts] = await recorded(gateway, ({ store }) =>
    Promise.all([store.items({ kind: 'kill' }), store.consentCounts()]),
  );
  const live = items.flatMap(({ change }) => (change.kind === 'kill' ? [change.kill] : []));
  const said = new Map(
    counts.map(({ featureClass, optIn, optOut }) => [featureClass, { optedIn: optIn, optedOut: optOut }]),
  );
  const snapshot = gateway.rampart.flags.snapshot();
  const features = [...snapshot.names()].sort().flatMap((name) => {
    const flag = snapshot.flag(name);
    if (flag?.kind !== 'feature') return [];
    const featureClass = flag.access?.featureClass;
    const tenants = featureClass === undefined ? undefined : (said.get(featureClass) ?? { optedIn: 0, optedOut: 0 });
    return [{ ...featureShown(flag, live), tenants, changes: changesOf(snapshot, name, live) }];
  });
  return { features };
}

function featureShown(flag: FeatureFlag, live: readonly Kill[]) {
  const { access } = flag;
  return {
    ...shown(flag, live, ({ scope }) => scope.change === undefined && (scope.feature ?? flag.name) === flag.name),
    ...(access && {
      featureClass: access.featureClass,
      consent: access.consent,
      consentVersion: access.consentVersion,
      minTier: access.minTier,
      exclude: [...access.exclude],
      maxMode: access.maxMode,
      priority: access.priority,
    }),
  };
}

function changesOf(snapshot: FlagSnapshot, feature: string, live: readonly Kill[]) {
  return snapshot.changesOf(feature).map((flag: ChangeFlag) => ({
    ...shown(
      flag,
      live,
      ({ scope }) => (scope.change ?? flag.name) === flag.name && (scope.feature ?? feature) === feature,
    ),
    rules: flag.rules.map(({ policy, variants }) => ({
      stage: policy.stage,
      rollout: policy.rollout,
      mode: policy.mode,
      tenants: [...policy.tenants],
      tiers: [...policy.tiers],
      regions: [...policy.regions],
      maxPerHour: policy.maxPerHour,
      variants: variants.map(({ name }) => name),
    })),
  }));
}

interface Shown {
  readonly name: string;
  readonly enabled: boolean;
  readonly problems: readonly Problem[];
}

function shown({ name, enabled, problems }: Shown, live: readonly Kill[], covers: (kill: Kill) => boolean) {
  const covering = live.filter((kill) => kill.scope.all === true || covers(kill));
  return {
    name,
    enabled,
    killed: covering.some(isForEveryone),
    kills: covering.map(({ id }) => id),
    problems: problems.map(describeProblem),
  };
}

const isForEveryone = ({ scope: { all, tenant, tier, region, label } }: Kill): boolean =>
  all === true || [tenant, tier, region, label].every((part) => part === undefined);
