import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';

const ROOT = new URL('../../', import.meta.url);

describe('the paths that the docs name', () => {
  for (const page of ['docs/architecture.md', 'CONTRIBUTING.md']) {
    it(`${page} names files and folders that exist`, () => {
      const text = readFileSync(new URL(page, ROOT), 'utf8');
      const paths = new Set([...text.matchAll(/\b(?:bin|src|test|docs|scripts)\/[\w./-]*\w/g)].map(([path]) => path));
      expect(paths).to.have.property('size').above(5);
      expect([...paths].filter((path) => !existsSync(new URL(path, ROOT)))).to.deep.equal([]);
    });
  }
});
