import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import path from 'node:path';

import { setValueLimit, valueLimit } from '../../src/value-limit.js';
import { scratchFolder } from '../support/scratch.js';
import { fuzz, type Parser } from './parser.js';
import { fileParsers } from './parsers/files.js';
import { serverParsers } from './parsers/servers.js';
import { valueParsers } from './parsers/values.js';
import { RUNS, SEED } from './random.js';

const folder = scratchFolder('fuzz');

const GROUPS: Readonly<Record<string, readonly Parser[]>> = {
  'values in a cache': await valueParsers(),
  'answers of servers': serverParsers,
  'files and URLs': fileParsers(folder),
};

/**
 * Each parser takes the inputs that ever broke one, and random ones near real inputs. It must return or refuse in time,
 * without much memory, without a change to a prototype, and without running anything.
 */
describe(`hostile input (seed ${SEED}, ${RUNS} inputs per parser)`, () => {
  const limit = valueLimit();
  let count = 0;

  before(() => setValueLimit(2 ** 20));

  after(() => {
    setValueLimit(limit);
    if (process.env.CACHECTL_FUZZ_RUNS) process.stderr.write(`      ${count} inputs parsed\n`);
  });

  for (const [group, parsers] of Object.entries(GROUPS)) {
    describe(group, () => {
      for (const parser of parsers) {
        it(`${parser.name} is parsed or refused`, async function () {
          this.timeout(0);
          count += await fuzz(parser);
        });
      }
    });
  }

  it('runs nothing that an input names', () => {
    const found = [folder, process.cwd(), path.join(folder, 'application')].flatMap((each) => readdirSync(each));
    expect(found).not.to.include('pwned');
  });
});
