import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

import { completeProfile, stateProfile } from '../../src/profiles/resolve.js';
import { Folder } from './folder.js';

const PAGE = readFileSync(new URL('../../docs/profiles.md', import.meta.url), 'utf8');

describe('docs/profiles.md', () => {
  let folder: Folder;

  beforeEach(() => {
    folder = new Folder();
  });

  afterEach(() => folder.remove());

  const env = {
    APP_SLUG: 'shop',
    SHOP_REDIS_URL: 'redis://h/1',
    SHOP_REDIS_PASSWORD: 'p',
    BLOG_REDIS_URL: 'redis://h/1',
    BLOG_LOCK_REDIS_URL: 'redis://h/0',
    REPORTS_PASSWORD: 'p',
  };

  const files = [...PAGE.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml]) => yaml!);
  for (const yaml of files) {
    const { profiles } = parse(yaml) as { profiles: Record<string, unknown> };
    for (const profile of Object.keys(profiles)) {
      it(`the profile ${profile} of "${yaml.slice(0, 60).replaceAll('\n', ' ')}…" works`, async () => {
        folder.write('cachectl.yaml', yaml);
        // Runs no `passwordCommand`.
        const stated = await stateProfile({ profile, env: { HOME: folder.home, ...env }, cwd: folder.project });
        expect(await completeProfile(stated, async () => 'p')).to.have.property('name', profile);
      });
    }
  }

  const urls = [...PAGE.matchAll(/^\| (`[^|]*`) +\|/gm)]
    .flatMap(([, cell]) => [...cell!.matchAll(/`([^`]+)`/g)].map(([, url]) => url!))
    .filter((text) => /[.:]/.test(text));
  for (const url of urls) {
    it(`the URL ${url} works`, async () => {
      expect(await folder.resolve({ url })).to.have.property('driver');
    });
  }

  it('has examples', () => {
    expect(files).to.have.length.of.at.least(5);
    expect(urls).to.have.length.of.at.least(12);
  });
});
