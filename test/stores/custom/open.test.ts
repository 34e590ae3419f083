import { expect } from 'chai';
import { pathToFileURL } from 'node:url';

import type { CustomProfile } from '../../../src/profiles/profile.js';
import type { Store } from '../../../src/stores/contract/store.js';

import { openCodec } from '../../../src/codecs/open.js';
import {
  CachectlError,
  ConfigError,
  TimeoutError,
  UnansweredError,
  UnsupportedError,
  UsageError,
} from '../../../src/errors.js';
import { openCustom } from '../../../src/stores/custom/open.js';
import { all, failure } from '../../../src/testing/suite/stores.js';
import { Folder } from '../../profiles/folder.js';

/** A store with the members that all stores have, which do nothing. */
const STORE = `{
  ...Object.fromEntries('get many put putMany add increment touch forget pull flush close'.split(' ').map((name) => [name, () => {}])),
  driver: 'mine',
  location: 'nowhere',
  prefix: '',
  traits: { ttls: true, lockStorage: 'separate' },
}`;

/** A driver's `open` for a store that declares these sources; `source` is one that would do. */
function sourced(sources: string): string {
  return `: () => {
    const store = ${STORE};
    const source = { name: 'feed', types: [], clients: false, tags: false };
    store.events = { sources: ${sources}, open: () => {} };
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
    const file = folder.write('mine.mjs', `export default { apiVersion: 2, name: 'mine', options: {}, open${body} };`);
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
    const { eventSources } = await open(sourced('[source]'));
    expect(eventSources).to.deep.equal([{ name: 'feed', types: [], clients: false, tags: false }]);
  });

  it('can be a promise', async () => {
    expect(await open(`: async () => (${STORE})`)).to.have.property('location', 'nowhere');
  });

  for (const [what, body, lack] of [
    ['nothing', '() {}', 'it is undefined'],
    ['null', ': () => null', 'it is null'],
    ['a store without a method', `: () => ({ ...${STORE}, many: undefined })`, 'it has no many()'],
    ['a store without a place', `: () => ({ ...${STORE}, location: 1 })`, 'its location is missing'],
    ['a store without traits', `: () => ({ ...${STORE}, traits: undefined })`, 'its traits are missing'],
    [
      'a store that does not say whether it reports TTLs',
      `: () => { const store = ${STORE}; delete store.traits.ttls; return store; }`,
      'its traits.ttls is not true or false',
    ],
    ['a store whose lock is not a function', `: () => ({ ...${STORE}, lock: true })`, 'its lock is not a function'],
    ['a store whose events cannot be opened', `: () => ({ ...${STORE}, events: [] })`, 'it has events without open()'],
    ['a store with no source of events in its list of them', sourced('[]'), 'its events.sources is not a list'],
    ['a store with a source of events that has no name', sourced(`[{ ...source, name: '' }]`), 'is not { name,'],
    [
      'a store with a source that tells what there is not',
      sourced(`[{ ...source, types: ['Hit'] }]`),
      'is not { name,',
    ],
    ['a store with two sources of one name', sourced('[source, source]'), 'have the same name'],
  ] as const) {
    it(`is refused when it is ${what}`, async () => {
      const error = await failure(open(body));
      expect(error).to.be.instanceOf(ConfigError);
      const { message } = error as ConfigError;
      expect(message).to.match(/^driver "\.\/mine\.mjs" of profile shop did not return a store from open\(\): /);
      expect(message).to.include(lack);
    });
  }

  it('refuses missing operations, and a flush by prefix without keys', async () => {
    const store = await open(`: () => (${STORE})`);
    const flush = { scope: 'prefix', locks: false, dryRun: true } as const;
    for (const [attempt, what] of [
      [async () => store.keys(), 'list keys'],
      [async () => store.tags(['a']), 'use tags'],
      [async () => store.lock('a'), 'use locks'],
      [async () => store.events({ signal: AbortSignal.abort(), enable: false }), 'report events'],
      [async () => store.flush(flush), 'flush by prefix'],
    ] as const) {
      const error = await failure(attempt());
      expect(error).to.be.instanceOf(UnsupportedError);
      expect(error).to.have.property('message', `the mine store cannot ${what}`);
    }

    expect(store.supports('lock')).to.equal(false);
  });

  it('binds its methods, also inherited ones', async () => {
    const body = `() {
      class Mine {
        #key = 'secret';
        traits = { ttls: true, lockStorage: 'separate' };
        driver = 'mine';
        location = 'nowhere';
        prefix = '';
        async *keys() { yield this.#key; }
      }
      for (const name of 'get many put putMany add increment touch forget pull flush close'.split(' ')) Mine.prototype[name] = () => {};
      return new Mine();
    }`;
    const { keys, supports } = await open(body);
    expect(await all(keys())).to.deep.equal(['secret']);
    expect(supports('keys')).to.equal(true);
  });

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
  it('are recognized by the names of their classes', async () => {
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
