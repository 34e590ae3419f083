import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

import { Folder } from '../../profiles/folder.js';

const PAGE = readFileSync(new URL('../../../docs/mongodb.md', import.meta.url), 'utf8');

describe('docs/mongodb.md', () => {
  let folder: Folder;

  beforeEach(() => {
    folder = new Folder();
  });

  afterEach(() => folder.remove());

  it('shows profiles that work', async () => {
    const files = [...PAGE.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml]) => yaml!);
    expect(files).not.to.be.empty;
    for (const yaml of files) {
      const { profiles } = parse(yaml) as { profiles: Record<string, unknown> };
      for (const profile of Object.keys(profiles)) {
        const resolved = await folder.of(yaml, { profile, env: { REPORTS_PASSWORD: 'p' } });
        expect(resolved).to.deep.include({ driver: 'mongodb', database: 'reports', collection: 'cache' });
      }
    }
  });
});
