import { env } from 'node:process';

export const unleash = {
  url: env['UNLEASH_URL'] ?? '',
  appName: 'replies',
  customHeaders: { Authorization: env['UNLEASH_CLIENT_TOKEN'] ?? '' },
};
