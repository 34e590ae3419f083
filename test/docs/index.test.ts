import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { ExitCode } from '../../src/errors.js';

const DOCS = fileURLToPath(new URL('../../docs', import.meta.url));
const PAGES = readdirSync(DOCS, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.md'));

/** A page without its code blocks. */
function textOf(file: string): string {
  return readFileSync(file, 'utf8').replaceAll(/^```.*?^```/gms, '');
}

/** The files that a page links to. */
function linksOf(file: string): readonly string[] {
  return [...textOf(file).matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map(([, link]) =>
    path.resolve(path.dirname(file), link!),
  );
}

describe('docs/README.md', () => {
  it('lists every page', () => {
    const pages = PAGES.filter((page) => !page.includes(path.sep) && page !== 'README.md');
    const listed = linksOf(path.join(DOCS, 'README.md'));
    expect(listed).to.include.members(pages.map((page) => path.join(DOCS, page)));
  });
});

describe('docs/troubleshooting.md and docs/exit-codes.md', () => {
  const errors = readFileSync(new URL('../../src/errors.ts', import.meta.url), 'utf8');
  const page = (name: string): string => readFileSync(path.join(DOCS, name), 'utf8');

  it('say what to do about each error', () => {
    const codes = [...errors.matchAll(/readonly code = '([a-z-]+)'/g)].map(([, code]) => code);
    // Nothing is printed for a closed pipe.
    for (const code of [...codes, 'internal'].filter((each) => each !== 'closed-pipe')) {
      expect(page('troubleshooting.md')).to.include(`| \`${code}\` `);
    }
  });

  it('list each exit code', () => {
    for (const code of Object.values(ExitCode))
      expect(page('exit-codes.md')).to.match(new RegExp(`^\\| ${code} `, 'm'));
  });
});

/** The links of a page that name a heading, as `[file, anchor]`. */
function anchorsOf(file: string): ReadonlyArray<readonly [string, string]> {
  const links = textOf(file).matchAll(/\]\((?<page>[^)#:\s]*)#(?<anchor>[^)]+)\)/g);
  return [...links].map(({ groups }) => [
    groups!.page === '' ? file : path.resolve(path.dirname(file), groups!.page!),
    groups!.anchor!,
  ]);
}

/** As GitHub derives them from the headings of a page. */
function headingsOf(file: string): readonly string[] {
  const headings = textOf(file).matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('links in the docs', () => {
  for (const page of [...PAGES, '../README.md', '../CONTRIBUTING.md', '../SECURITY.md']) {
    it(`lead to files and headings: ${page}`, () => {
      const file = path.join(DOCS, page);
      expect(linksOf(file).filter((linked) => !existsSync(linked))).to.deep.equal([]);
      const wrong = anchorsOf(file).filter(([linked, anchor]) => !headingsOf(linked).includes(anchor));
      expect(wrong).to.deep.equal([]);
    });
  }
});
