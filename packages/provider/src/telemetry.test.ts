import { OpenFeature } from '@openfeature/server-sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { ada, change, feature, plain, variant } from '../test/definitions.js';
import { serve } from '../test/serve.js';
import { type EvaluationRecord, type TelemetryOptions, telemetryHook } from './telemetry.js';

afterEach(() => OpenFeature.clearProviders());

const definitions = [feature(), change({}, [variant('v', 'json', '{"prompt":"secret"}')]), plain('flag')];

async function serveRecording(options: TelemetryOptions = {}) {
  const records: EvaluationRecord[] = [];
  const hook = telemetryHook({ record: (record) => records.push(record), ...options });
  return { records, ...(await serve(definitions, { hooks: [hook], flagSetId: 'production' })) };
}

describe('telemetryHook', () => {
  it('follows the conventions, with the decision under rampart.*', async () => {
    const { client, records } = await serveRecording();
    const { flagMetadata } = await client.getBooleanDetails('ai.copilot', false, ada);
    expect(records).toEqual([
      {
        name: 'feature_flag.evaluation',
        attributes: {
          'feature_flag.key': 'ai.copilot',
          'feature_flag.provider.name': 'rampart',
          'feature_flag.result.reason': 'targeting_match',
          'feature_flag.result.variant': 'v',
          'feature_flag.result.value': true,
          'feature_flag.context.id': 'ada',
          'feature_flag.set.id': 'production',
          'feature_flag.version': flagMetadata['flagRevision'],
          'rampart.outcome': 'enabled',
          'rampart.gate': 'open',
          'rampart.feature': 'ai.copilot',
          'rampart.change': 'ai.copilot.v2',
          'rampart.stage': 'ga',
          'rampart.mode': 'suggestion',
          'rampart.consent_revision': '1',
          'rampart.policy_revision': flagMetadata['policyRevision'],
        },
      },
    ]);
  });

  it('records objects with objectValues only, since bindings may hold prompts', async () => {
    const { client, records } = await serveRecording();
    await client.getObjectValue('ai.copilot', {}, ada);
    expect(JSON.stringify(records)).not.toContain('secret');
    const open = await serveRecording({ objectValues: true });
    await open.client.getObjectValue('ai.copilot', {}, ada);
    expect(open.records[0]?.attributes['feature_flag.result.value']).toContain('secret');
  });

  it('omits the user with contextId: false', async () => {
    const { client, records } = await serveRecording({ contextId: false });
    await client.getBooleanValue('ai.copilot', false, ada);
    expect(JSON.stringify(records)).not.toContain('ada');
  });

  it('adds an event to the active span, if any, also for errors', async () => {
    const events: unknown[] = [];
    const { client, records } = await serveRecording({
      span: () => (events.length > 0 ? undefined : { addEvent: (...event) => events.push(event) }),
    });
    await client.getBooleanValue('gone', false, ada);
    await client.getBooleanValue('flag', false, ada);
    expect(events).toEqual([
      [
        'feature_flag.evaluation',
        expect.objectContaining({ 'error.type': 'flag_not_found', 'feature_flag.result.reason': 'error' }),
      ],
    ]);
    expect(records).toHaveLength(2);
  });
});
