import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AI_ACCESS, AI_STAGE, type StrategyDefinition } from '@rampart/core';
import { describe, expect, it } from 'vitest';
import { settingsTable } from './settings.js';

const root = new URL('../..', import.meta.url).pathname;
const pages = ['README.md', 'CONTRIBUTING.md', ...readPages('docs'), ...readPages('packages')];

function readPages(folder: string): string[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.md') && !file.includes('node_modules'))
    .map((file) => join(folder, file))
    .sort();
}

const read = (page: string): string => readFileSync(join(root, page), 'utf8');

/** What is shown in these is a file that a test runs or reads. */
const RUN: ReadonlySet<string> = new Set(['ts', 'tsx', 'js', 'json', 'yaml', 'dockerfile', 'nginx']);

/** Code blocks with the file that the comment above them names. */
function blocks(text: string): { language: string; source: string | undefined; code: string }[] {
  const found = text.matchAll(/(?:<!-- (\S+) -->\n)?```(\w+)\n([\s\S]*?)```/g);
  return [...found].map(([, source, language = '', code = '']) => ({ language, source, code }));
}

/** Targets of all links, without their fragments. */
function links(text: string): readonly string[] {
  return [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
}

function parameterTable({ parameters }: StrategyDefinition): string {
  const rows = parameters.map(({ name, type, required, description }) => {
    return `| \`${name}\` | ${type} | ${description}${required ? ' **Required.**' : ''} |`;
  });
  return ['| parameter | type | meaning |', '|---|---|---|', ...rows].join('\n');
}

describe.each(pages)('%s', (page) => {
  const text = read(page);

  it('shows code that is a file of the project, which CI runs', () => {
    for (const { language, source, code } of blocks(text)) {
      if (!RUN.has(language)) continue;
      expect(source, `name the file of the block that starts ${code.slice(0, 60)}`).toBeDefined();
      expect(code, source).toBe(read(source ?? ''));
    }
  });

  it('links to files that exist', () => {
    for (const target of links(text)) {
      const inRepository = /^https:\/\/github\.com\/rampart-flags\/rampart\/(?:blob|tree)\/main\/(.+)$/.exec(
        target,
      )?.[1];
      const path = inRepository ?? (target.includes('://') ? undefined : join(dirname(page), target));
      if (path !== undefined) expect(existsSync(join(root, path)), target).toBe(true);
    }
  });
});

// npm shows the README of a package without the repository around it.
it.each(pages.filter((page) => page.startsWith('packages/')))('%s has no relative links', (page) => {
  expect(links(read(page)).filter((target) => !target.includes('://'))).toEqual([]);
});

it.each([AI_ACCESS, AI_STAGE])('docs/options.md lists the parameters of $name as the form shows them', (definition) => {
  const shown = read('docs/options.md')
    .split(`<!-- ${definition.name} -->`)[1]
    ?.split(`<!-- /${definition.name} -->`)[0];
  expect(shown?.trim()).toBe(parameterTable(definition));
});

it('docs/gateway.md lists every setting of the gateway as its type describes it', () => {
  const shown = read('docs/gateway.md').split('<!-- gateway -->')[1]?.split('<!-- /gateway -->')[0];
  const source = read('packages/gateway/src/configuration.ts');
  expect(shown?.trim()).toBe(settingsTable(source, 'GatewayConfiguration'));
});
