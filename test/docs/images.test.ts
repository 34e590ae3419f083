import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';

import { PAGES } from './pages.js';

const ROOT = new URL('../../', import.meta.url);
const IMAGES = readdirSync(new URL('docs/images', ROOT));

describe('the pictures of scripts/screenshots.ts', () => {
  const text = PAGES.map((page) => readFileSync(new URL(page, ROOT), 'utf8')).join('');
  const shown = [...text.matchAll(/!\[(?<alternative>[^\]]*)\]\(images\/(?<file>[^)]+)\)/g)].map(
    ({ groups }) => groups!,
  );

  it('are all shown, each with its text', () => {
    expect(shown.map(({ file }) => file)).to.have.members(IMAGES);
    for (const { alternative, file } of shown) expect(alternative, file).to.have.length.above(20);
  });

  it('name no machine of those who drew them', () => {
    for (const file of IMAGES) {
      const svg = readFileSync(new URL(`docs/images/${file}`, ROOT), 'utf8');
      expect(svg, file).to.match(/^<svg [^]*<title>cachectl [^]*<\/svg>\n$/);
      const names = [...svg.matchAll(/[\w.-]+@([\w.-]+)/g)].map(([, host]) => host);
      expect(
        names.filter((host) => !/^runner-\d$/.test(host!)),
        file,
      ).to.deep.equal([]);
      expect(svg, file).not.to.match(/\/(?:home|root|work)\//);
    }
  });
});
