/** A state of Unleash. */
export interface Flags {
  readonly features: readonly object[];
  readonly segments?: readonly object[];
}

/** A feature that anybody with consent has, with one change at GA, and two plain flags. */
export const FLAGS: Flags = {
  features: [
    {
      name: 'ai.copilot',
      type: 'kill-switch',
      project: 'default',
      enabled: true,
      strategies: [
        {
          name: 'aiAccess',
          parameters: {
            featureClass: 'copilot',
            minTier: 'pro',
            upgradeUrl: 'https://example.com/upgrade',
            exclude: 'hipaa',
          },
          constraints: [],
        },
      ],
    },
    {
      name: 'ai.copilot.v1',
      type: 'release',
      project: 'default',
      enabled: true,
      dependencies: [{ feature: 'ai.copilot' }],
      strategies: [
        {
          name: 'aiStage',
          parameters: {
            stage: 'ga',
            rollout: '100',
            groupId: 'ai.copilot.v1',
            mode: 'confirmation',
            disclosure: 'Written by AI',
          },
          constraints: [],
          variants: [
            {
              name: 'blue',
              weight: 1000,
              weightType: 'variable',
              stickiness: 'default',
              payload: { type: 'json', value: '{"model":"secret-model","prompt":"a secret prompt"}' },
            },
          ],
        },
      ],
    },
    {
      name: 'plain',
      project: 'default',
      enabled: true,
      strategies: [{ name: 'default', parameters: {}, constraints: [] }],
    },
    {
      name: 'plain.off',
      project: 'default',
      enabled: false,
      strategies: [{ name: 'default', parameters: {}, constraints: [] }],
    },
  ],
};
