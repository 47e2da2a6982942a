/** Contexts that take turns; no answer is asked twice in a row. */
export const CONTEXTS = 10_000;
export const TENANTS = 100;
export const CLASS = 'copilot';

export const tenantOf = (index) => `tenant-${index % TENANTS}`;
export const userOf = (index) => `user-${index}`;

/** Every third has a constraint, every fifth variants: an ordinary set of flags. All of them are on for everyone here. */
export function plainFlags(count) {
  return Array.from({ length: count }, (_, index) => ({
    name: `plain-${index}`,
    type: 'release',
    project: 'default',
    enabled: true,
    impressionData: false,
    strategies: [
      {
        name: 'flexibleRollout',
        parameters: { rollout: '100', stickiness: 'default', groupId: `plain-${index}` },
        constraints:
          index % 3 === 0
            ? [
                {
                  contextName: 'plan',
                  operator: 'IN',
                  values: ['pro', 'business'],
                  inverted: false,
                  caseInsensitive: false,
                },
              ]
            : [],
        variants: index % 5 === 0 ? VARIANTS : [],
      },
    ],
  }));
}

const VARIANTS = [
  { name: 'blue', weight: 500, stickiness: 'default', payload: { type: 'json', value: '{"colour":"blue","size":3}' } },
  {
    name: 'green',
    weight: 500,
    stickiness: 'default',
    payload: { type: 'json', value: '{"colour":"green","size":4}' },
  },
];

/** As many features, each with one change at GA that has two bindings: two flags each. */
export function aiFlags(features) {
  return Array.from({ length: features }, (_, index) => {
    const feature = `ai.feature-${index}`;
    return [
      {
        name: feature,
        type: 'kill-switch',
        project: 'default',
        enabled: true,
        strategies: [
          { name: 'aiAccess', parameters: { featureClass: CLASS, minTier: 'pro', exclude: 'hipaa' }, constraints: [] },
        ],
      },
      {
        name: `${feature}.v1`,
        type: 'release',
        project: 'default',
        enabled: true,
        dependencies: [{ feature }],
        strategies: [
          {
            name: 'aiStage',
            parameters: { stage: 'ga', rollout: '100', groupId: `${feature}.v1`, mode: 'confirmation' },
            constraints: [],
            variants: BINDINGS,
          },
        ],
      },
    ];
  }).flat();
}

const BINDINGS = ['model-a', 'model-b'].map((model) => ({
  name: model,
  weight: 500,
  stickiness: 'default',
  payload: { type: 'json', value: JSON.stringify({ model, prompt: 'support/v18', temperature: 0.2 }) },
}));
