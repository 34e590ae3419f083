import { expect } from 'chai';
import { readFileSync } from 'node:fs';

import { readmeWithTable } from '../../scripts/capability-table.js';

describe('README.md', () => {
  it('has the table of stores that npx tsx scripts/capability-table.ts writes', async () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    expect(readme).to.equal(await readmeWithTable(readme));
  });
});
