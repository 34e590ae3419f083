import { expect } from 'chai';

import { cachectl } from '../../support/cli.js';
import { expectFault } from '../../support/faults.js';
import { type Outcome, withOutside } from '../../support/outside.js';

const PROFILES = `default: module
profiles:
  module:
    driver: ./driver.mjs
    folder: data
    prefix: shop-
  packaged:
    driver: cachectl-lmdb-store
    folder: data
    prefix: shop-
`;

/** A driver as an author writes it in TypeScript. */
const TYPED = `import { type Codec, defineDriver, type DriverStore, type Traits, type Ttl, UnsupportedError } from 'cachectl';
import { describeStore, driverHarness } from 'cachectl/testing';

declare function openIt(place: { url: string; ca: string | undefined; nodes: readonly string[]; codec: Codec }): DriverStore;

export default defineDriver({
  name: 'typed',
  options: {
    url: { type: 'text', required: true, secret: true },
    ca: { type: 'path' },
    retries: { type: 'integer', max: 10, default: 3 },
    nodes: { type: 'list', default: ['a', 'b'] },
    readOnly: { type: 'boolean', default: false },
  },
  async open({ profile, prefix, codec, options }, { timeoutMs }) {
    const numbers: number[] = [options.retries, timeoutMs];
    const flag: boolean = options.readOnly;
    // @ts-expect-error -- it is not required, and has no default
    const ca: string = options.ca;
    // @ts-expect-error -- it was not declared
    const other: unknown = options.other;
    if (flag) throw new UnsupportedError(\`\${profile} cannot \${prefix}\`, \`\${ca} \${other} \${numbers.join(',')}\`);
    return openIt({ url: options.url, ca: options.ca, nodes: options.nodes, codec });
  },
});

// @ts-expect-error -- every profile has a prefix
defineDriver({ name: 'taken', options: { prefix: { type: 'text' } }, open: () => openIt({} as never) });

export const plain = defineDriver({ name: 'plain', open: () => openIt({} as never) });
export const forever: Ttl = null;

declare const traits: Traits;
describeStore(
  'typed',
  driverHarness({ module: new URL('driver.js', import.meta.url), traits, has: ['keys'], options: () => ({ url: 'u' }) }),
);
`;

const TSCONFIG = {
  compilerOptions: {
    target: 'ES2022',
    lib: ['ES2023'],
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    allowJs: true,
    checkJs: true,
    noEmit: true,
    types: ['node', 'mocha'],
  },
  include: ['typed.ts'],
};

/** lmdb's declarations do not compile in a project of ES modules. */
const EXAMPLE_TSCONFIG = {
  extends: './tsconfig.json',
  compilerOptions: { skipLibCheck: true },
  include: ['*.mjs', 'test/*.mjs'],
};

describe('the example driver, in a project outside of this repository', () => {
  const project = withOutside();

  before(() => {
    project().write('cachectl.yaml', PROFILES);
  });

  it('passes its own tests, the contract suite among them', async function () {
    this.timeout(300_000);
    const { code, out, err } = await project().npmTest();
    expect(code, out + err).to.equal(0);
    expect(out)
      .to.include('lmdb-store: the store contract')
      .and.to.match(/\b1\d\d passing\b/);
  });

  it("type-checks against the package's declarations, also in TypeScript", async function () {
    this.timeout(120_000);
    project().write('typed.ts', TYPED);
    project().write('tsconfig.json', JSON.stringify(TSCONFIG));
    project().write('tsconfig.example.json', JSON.stringify(EXAMPLE_TSCONFIG));
    for (const config of ['tsconfig.json', 'tsconfig.example.json']) {
      const { code, out } = await project().node('node_modules/typescript/bin/tsc', '-p', config);
      expect({ code, out }).to.deep.equal({ code: 0, out: '' });
    }
  });

  async function run(profile: string, ...args: string[]): Promise<Outcome> {
    return project().cachectl(...args, '--profile', profile);
  }

  for (const profile of ['module', 'packaged']) {
    describe(`as the profile ${profile}`, () => {
      it('stores and reads', async () => {
        expect(await run(profile, 'put', 'greeting', 'hello', '--ttl', '60')).to.include({ code: 0 });
        expect(await run(profile, 'get', 'greeting')).to.deep.equal({ code: 0, out: 'hello\n', err: '' });
        expect(await run(profile, 'forget', 'greeting')).to.include({ code: 0 });
        expect(await run(profile, 'get', 'greeting')).to.include({ code: 1 });
      });

      it('lists keys and flushes them', async () => {
        for (const key of ['user:1', 'user:2', 'post:1']) await run(profile, 'put', key, 'v');
        expect(await run(profile, 'keys', 'user:*')).to.include({ code: 0, out: 'user:1\nuser:2\n' });
        expect(await run(profile, 'flush', '--yes')).to.include({ code: 0 });
        expect(await run(profile, 'get', 'post:1')).to.include({ code: 1, out: '' });
      });

      it('acquires locks', async () => {
        const { code, out } = await run(profile, 'lock:acquire', 'deploy', '--ttl', '60');
        expect(code).to.equal(0);
        expect(await run(profile, 'lock:acquire', 'deploy', '--ttl', '60')).to.include({ code: 1 });
        expect(await run(profile, 'lock:release', 'deploy', '--owner', out.trim())).to.include({ code: 0 });
      });

      it('reports what it cannot do, in two lines', async () => {
        const { code, out, err } = await run(profile, 'tags:flush', 'people', '--yes');
        expect({ code, out }).to.deep.equal({ code: 2, out: '' });
        expect(err).to.match(/(?:^|\n)error: the lmdb-store store cannot use tags\n {2}Use a profile with[^\n]+\n$/);
      });
    });
  }

  it('is refused if its module throws, and DEBUG shows where', async () => {
    project().write('broken.mjs', 'throw new Error("out of order");');
    const config = project().write('broken.yaml', 'profiles: { broken: { driver: ./broken.mjs } }');
    const run = await cachectl(['get', 'k', '--config', config]);
    expectFault(run, { code: 2, message: 'cannot be loaded: out of order', hint: 'DEBUG=1' });
    const debugged = await cachectl(['get', 'k', '--config', config], { env: { DEBUG: '1' } });
    expect(debugged.err).to.include(`${project().urlOf('broken.mjs')}:1:`);
  });

  it('works with another installation of cachectl, and its errors look the same', async () => {
    const { folder } = project();
    const config = ['--config', `${folder}/cachectl.yaml`];
    expect(await project().globalCachectl('put', 'n', '1', ...config)).to.include({ code: 0 });
    expect(await project().cachectl('get', 'n', ...config)).to.include({ code: 0, out: '1\n' });
    const { code, err } = await project().globalCachectl('put', 'k', 'v', '--tags', 'people', ...config);
    expect(code).to.equal(2);
    expect(err).to.match(/(?:^|\n)error: the lmdb-store store cannot use tags\n {2}Use/);
    const asJson = await project().globalCachectl('events:tail', '--json', ...config);
    expect(JSON.parse(asJson.out)).to.have.nested.property('error.code', 'unsupported');
  });
});
