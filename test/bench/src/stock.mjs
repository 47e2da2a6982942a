import { OpenFeature } from '@openfeature/server-sdk';
import { Unleash } from 'unleash-client';
import { QUIET, serveFlags } from './unleash-api.mjs';

/** unleash-client as it comes. */
export async function startUnleash(flags) {
  const url = await serveFlags(flags);
  const unleash = new Unleash({ ...QUIET, url });
  await new Promise((resolve, reject) => {
    unleash.once('synchronized', () => resolve(undefined));
    unleash.once('error', reject);
  });
  return unleash;
}

/** The thinnest provider that gives callers of OpenFeature what Unleash holds. */
class ThinnestProvider {
  metadata = { name: 'thinnest' };
  runsOn = 'server';
  #unleash;

  constructor(unleash) {
    this.#unleash = unleash;
  }

  async resolveBooleanEvaluation(flag, defaultValue, context) {
    return { value: this.#unleash.isEnabled(flag, unleashContext(context), defaultValue) };
  }

  async resolveStringEvaluation(flag, defaultValue, context) {
    const { name, payload } = this.#unleash.getVariant(flag, unleashContext(context));
    return { value: payload?.value ?? defaultValue, variant: name };
  }

  async resolveNumberEvaluation(flag, defaultValue, context) {
    const { name, payload } = this.#unleash.getVariant(flag, unleashContext(context));
    return { value: payload === undefined ? defaultValue : Number(payload.value), variant: name };
  }

  async resolveObjectEvaluation(flag, defaultValue, context) {
    const { name, payload } = this.#unleash.getVariant(flag, unleashContext(context));
    return { value: payload === undefined ? defaultValue : JSON.parse(payload.value), variant: name };
  }
}

function unleashContext({ targetingKey, ...properties }) {
  return { userId: targetingKey, properties };
}

/** What the OpenFeature SDK costs by itself. */
class IdleProvider {
  metadata = { name: 'idle' };
  runsOn = 'server';

  async resolveBooleanEvaluation(_flag, value) {
    return { value };
  }

  async resolveStringEvaluation(_flag, value) {
    return { value };
  }

  async resolveNumberEvaluation(_flag, value) {
    return { value };
  }

  async resolveObjectEvaluation(_flag, value) {
    return { value };
  }
}

export async function startThinnest(flags) {
  await OpenFeature.setProviderAndWait('thinnest', new ThinnestProvider(await startUnleash(flags)));
  return OpenFeature.getClient('thinnest');
}

export async function startIdle() {
  await OpenFeature.setProviderAndWait('idle', new IdleProvider());
  return OpenFeature.getClient('idle');
}
