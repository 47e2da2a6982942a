import { env } from 'node:process';

/** Where your Unleash is. */
export const unleash = {
  url: env['UNLEASH_URL'] ?? '',
  appName: 'quick-start',
  customHeaders: { Authorization: env['UNLEASH_CLIENT_TOKEN'] ?? '' },
};

/** Stands for your own call of a model. */
export async function callModel(binding: unknown): Promise<{ text: string; confidence: number }> {
  return { text: `answered with ${JSON.stringify(binding)}`, confidence: 0.9 };
}

/** Where consent is recorded. */
export const database = env['DATABASE_URL'] ?? { folder: env['RAMPART_FOLDER'] ?? '.rampart' };

/** Chains the log; from where your other secrets are. */
export const secret = env['RAMPART_SECRET'] ?? '';
