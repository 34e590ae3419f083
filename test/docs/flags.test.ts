import type { Manifest } from '@oclif/core/interfaces';

import { expect } from 'chai';
import { readFileSync } from 'node:fs';

import { PAGES } from './pages.js';

const ROOT = new URL('../../', import.meta.url);
const { commands } = JSON.parse(readFileSync(new URL('oclif.manifest.json', ROOT), 'utf8')) as Manifest;

describe('commands in the sentences of the docs', () => {
  for (const page of [...PAGES, 'CONTRIBUTING.md', 'SECURITY.md']) {
    it(`have the flags that are named: ${page}`, () => {
      expect(spansOf(page).flatMap((span) => unknownFlags(span))).to.deep.equal([]);
    });
  }
});

/** The code between backticks, outside of blocks. */
function spansOf(page: string): readonly string[] {
  const text = readFileSync(new URL(page, ROOT), 'utf8').replaceAll(/^```.*?^```/gms, '');
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!);
}

/** Flags before `--` that the command lacks. None if it is no command of cachectl. */
function unknownFlags(span: string): readonly string[] {
  const [name = '', ...words] = span.replace(/^cachectl /, '').split(/\s+/);
  const command = commands[name];
  if (command === undefined) return [];
  const end = words.indexOf('--');
  const flags = words
    .slice(0, end === -1 ? undefined : end)
    .flatMap((word) => /^--([a-z][\w-]*)/.exec(word)?.[1] ?? []);
  return flags
    .filter((flag) => command.flags[flag.replace(/^no-/, '')] === undefined)
    .map((flag) => `${name} --${flag}`);
}
