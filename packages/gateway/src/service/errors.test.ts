import { expect, test } from 'vitest';
import { z } from 'zod';
import { readConfiguration } from '../configuration-schema.js';
import type { App } from '../gateway.js';
import { newApp } from '../new-app.js';
import { handleErrors } from './errors.js';

function appWith(body: z.ZodType): App {
  const configuration = readConfiguration({
    unleash: { url: 'http://unleash.example.com/api', token: 'a token' },
    secret: 'a secret of the tests, long enough to be one',
    logLevel: 'silent',
  });
  const app = newApp(configuration, undefined);
  handleErrors(app);
  app.post('/', { schema: { body } }, () => 'fine');
  return app;
}

test.each([
  [{ plain: 'smuggled' }, 'body.plain: Invalid input: expected number, received string'],
  [{ '<smuggled>': 'x' }, 'body.…: Invalid input: expected number, received string'],
  [{ [`smuggled${'x'.repeat(64)}`]: 'x' }, 'body.…: Invalid input: expected number, received string'],
])('a wrong field is named where its name can not be the message: %j', async (payload, detail) => {
  const answer = await appWith(z.record(z.string(), z.number())).inject({ method: 'POST', url: '/', payload });
  expect([answer.statusCode, answer.json()]).toMatchObject([400, { detail, code: 'invalid_request' }]);
  expect(answer.body).not.toContain('smuggled');
});

test('a field that is not known is not repeated', async () => {
  const app = appWith(z.strictObject({ known: z.number() }));
  const answer = await app.inject({ method: 'POST', url: '/', payload: { known: 1, smuggled: 1 } });
  expect(answer.json()).toMatchObject({ detail: 'body: it has a field that is not known here' });
  expect(answer.body).not.toContain('smuggled');
});
