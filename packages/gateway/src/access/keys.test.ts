import { describe, expect, it } from 'vitest';
import { readConfiguration } from '../configuration-schema.js';
import { hashKey, keyRing } from './keys.js';

function pageWith(projects?: readonly string[]) {
  const tokens = [{ name: 'page', hash: hashKey('a-token'), ...(projects && { projects }) }];
  const configuration = readConfiguration({
    ...{ unleash: { url: 'http://127.0.0.1:9/api', token: 'x' }, secret: 'a secret that is long enough, is it' },
    frontend: { tokens },
  });
  return keyRing(configuration).find('a-token');
}

describe("a page's token", () => {
  it.each([[undefined], [['*']], [['support', '*']]])('of projects %j shows every project', (projects) => {
    expect(pageWith(projects)).toEqual({ kind: 'browser', name: 'page', projects: undefined, identity: undefined });
  });

  it('shows the projects that it names', () => {
    expect(pageWith(['support', 'billing'])).toMatchObject({ projects: new Set(['support', 'billing']) });
    expect(pageWith([])).toMatchObject({ projects: new Set() });
  });
});
