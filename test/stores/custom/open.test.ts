import { expect } from 'chai';
import { pathToFileURL } from 'node:url';

import type { CustomProfile } from '../../../src/profiles/profile.js';
import type { Store } from '../../../src/stores/contract/store.js';

import { openCodec } from '../../../src/codecs/open.js';
import { CachectlError, ConfigError, TimeoutError, UnansweredError, UsageError } from '../../../src/errors.js';
import { openCustom } from '../../../src/stores/custom/open.js';
import { failure } from '../../../src/testing/suite/stores.js';
import { Folder } from '../../profiles/folder.js';

/** A store with all members, which do nothing. */
const STORE = `{
  ...Object.fromEntries('get many put putMany add increment touch forget pull keys flush tags lock events close'.split(' ').map((name) => [name, () => {}])),
  driver: 'mine',
  location: 'nowhere',
  prefix: '',
  capabilities: { listing: true, ttls: true, tags: true, countsTagged: true, locks: true, events: [], locksToldFromEntries: 'apart' },
}`;

/** A driver's `open` for a store that declares these sources; `source` is one that would do. */
function sourced(sources: string): string {
  return `: () => {
    const store = ${STORE};
    const source = { name: 'feed', types: [], clients: false, tags: false };
    store.capabilities.eventSources = ${sources};
    return store;
  }`;
}

describe('the store of a custom driver', () => {
  let folder: Folder;

  beforeEach(() => {
    folder = new Folder();
  });

  afterEach(() => folder.remove());

  async function open(body: string, timeoutMs = 5000): Promise<Store> {
    const file = folder.write('mine.mjs', `export default { apiVersion: 1, name: 'mine', options: {}, open${body} };`);
    const profile: CustomProfile = {
      driver: 'custom',
      name: 'shop',
      prefix: 'p-',
      codec: 'php',
      protected: false,
      module: './mine.mjs',
      moduleUrl: pathToFileURL(file).href,
      options: { folder: '/data' },
    };
    return openCustom(profile, openCodec('php'), { timeoutMs });
  }

  it("gets the profile's name, prefix, codec and options, and the timeout", async () => {
    const store = await open(`(settings, options) {
      const { codec, ...rest } = settings;
      return { ...${STORE}, location: JSON.stringify([rest, codec.name, options]) };
    }`);
    const settings = { profile: 'shop', prefix: 'p-', options: { folder: '/data' } };
    expect(JSON.parse(store.location)).to.deep.equal([settings, 'php', { timeoutMs: 5000 }]);
  });

  it('can declare event sources', async () => {
    const { capabilities } = await open(sourced('[source]'));
    expect(capabilities.eventSources).to.deep.equal([{ name: 'feed', types: [], clients: false, tags: false }]);
  });

  it('can be a promise', async () => {
    expect(await open(`: async () => (${STORE})`)).to.have.property('location', 'nowhere');
  });

  for (const [what, body, lack] of [
    ['nothing', '() {}', 'it is undefined'],
    ['null', ': () => null', 'it is null'],
    ['a store without a method', `: () => ({ ...${STORE}, many: undefined })`, 'it has no many()'],
    ['a store without a place', `: () => ({ ...${STORE}, location: 1 })`, 'it has no location'],
    [
      'a store without capabilities',
      `: () => ({ ...${STORE}, capabilities: undefined })`,
      'it declares no capabilities',
    ],
    [
      'a store that does not say all it can',
      `: () => { const store = ${STORE}; delete store.capabilities.listing; return store; }`,
      'its capabilities do not say listing',
    ],
    [
      'a store with events that there are not',
      `: () => { const store = ${STORE}; store.capabilities.events = ['Hit']; return store; }`,
      'types of events',
    ],
    ['a store with no source of events in its list of them', sourced('[]'), 'eventSources are no list'],
    ['a store with a source of events that has no name', sourced(`[{ ...source, name: '' }]`), 'not all { name,'],
    [
      'a store with a source that tells what there is not',
      sourced(`[{ ...source, types: ['Hit'] }]`),
      'not all { name,',
    ],
    ['a store with two sources of one name', sourced('[source, source]'), 'have one name'],
    [
      'a store with events that its first source does not tell',
      sourced(`[{ ...source, types: ['KeyWritten'] }]`),
      'not those of the first',
    ],
  ] as const) {
    it(`is refused when it is ${what}`, async () => {
      const error = await failure(open(body));
      expect(error).to.be.instanceOf(ConfigError);
      const { message } = error as ConfigError;
      expect(message).to.match(/^driver "\.\/mine\.mjs" of profile shop opened something that is no store: /);
      expect(message).to.include(lack);
    });
  }

  it('does not wait forever', async () => {
    const error = await failure(open(': () => new Promise(() => {})', 20));
    expect(error).to.be.instanceOf(TimeoutError);
    expect(error).to.have.property('message').that.includes('did not open its store within 0.02 s');
  });

  it('fails with the driver’s own error', async () => {
    const error = await failure(open('() { throw new Error("no such bucket"); }'));
    expect(error).to.have.property('message', 'no such bucket');
  });
});

describe('errors of another copy of cachectl', () => {
  it('are recognised by the names of their classes', async () => {
    const copy = (await import(
      `${new URL('../../../src/errors.ts', import.meta.url).href}?copy`
    )) as typeof import('../../../src/errors.js');
    expect(copy.UnansweredError).not.to.equal(UnansweredError);
    const error = new copy.UnansweredError('message', 'hint');
    expect(error).to.be.instanceOf(UnansweredError);
    expect(error).to.be.instanceOf(TimeoutError);
    expect(error).to.be.instanceOf(CachectlError);
    expect(error).not.to.be.instanceOf(UsageError);
    expect(new copy.TimeoutError('message', 'hint')).not.to.be.instanceOf(UnansweredError);
  });

  it('are not confused with similar objects', () => {
    expect(new Error('message')).not.to.be.instanceOf(CachectlError);
    expect({ code: 'timeout', exitCode: 3, hint: '' }).not.to.be.instanceOf(CachectlError);
  });
});
