import { expect } from 'chai';
import { execFileSync } from 'node:child_process';

import { freePort } from '../support/redis-server.js';

/** Prints how often V8's flags were set by a store that an application opened. */
const APPLICATION = `
import { syncBuiltinESMExports } from 'node:module';
import v8 from 'node:v8';
let calls = 0;
v8.setFlagsFromString = () => calls++;
syncBuiltinESMExports();
const [, source, url] = process.argv;
const { openStore } = await import(source + 'stores/open.ts');
const { resolveProfile } = await import(source + 'profiles/resolve.ts');
const profile = await resolveProfile({ url, env: {}, cwd: '/' });
const store = await openStore(profile, { timeoutMs: 500 });
const error = await store.get('k').catch((reason) => reason);
await store.close();
console.log(calls, error instanceof Error);
`;

describe('a store in another process', () => {
  it("does not change V8's flags of its host", async () => {
    const source = new URL('../../src/', import.meta.url).href;
    const url = `mongodb://127.0.0.1:${await freePort()}/app`;
    const out = execFileSync(process.execPath, [
      '--import',
      'tsx/esm',
      '--input-type=module',
      '--eval',
      APPLICATION,
      source,
      url,
    ]);
    expect(out.toString()).to.equal('0 true\n');
  });
});
