import { expect } from 'chai';

import type { MemcachedServer } from '../../support/memcached-server.js';

import { cachectl } from '../../support/cli.js';
import { PhpMemcached, startPool } from '../../support/memcached-deployments.js';

const KEYS = Array.from({ length: 60 }, (_, index) => `user:${index * 7919}`);

describe('a Memcached pool shared with php-memcached', () => {
  let php: PhpMemcached;
  let servers: readonly MemcachedServer[];

  before(async function () {
    php = new PhpMemcached(this);
    servers = await startPool(this, 3);
  });

  beforeEach(async () => {
    await Promise.all(servers.map((server) => server.flush()));
  });

  after(async () => Promise.all((servers ?? []).map((server) => server.stop())));

  /** The application's entries, under the prefix `o-`. */
  function fill(options: Readonly<Record<string, boolean | string>>, weight = 100): void {
    const places = servers.map(({ port }) => ['127.0.0.1', port, weight] as const);
    const code = `foreach (json_decode('${JSON.stringify(KEYS)}') as $key) echo $m->set("o-$key", 'v') ? '' : $m->getResultMessage();`;
    expect(php.run(places, options, code)).to.equal('');
  }

  function urlOf(order: readonly number[], more: Readonly<Record<string, string>>, weight = ''): string {
    const places = order.map((index) => `${servers[index]!.address}${weight}`);
    return `memcached://${places.join(',')}?${new URLSearchParams({ prefix: 'o-', ...more })}`;
  }

  const ORDER = [0, 1, 2];

  const cases: ReadonlyArray<{
    readonly what: string;
    readonly options: Readonly<Record<string, boolean | string>>;
    readonly wrong: () => string;
    readonly right: () => string;
    readonly hint: () => string;
  }> = [
    {
      what: 'in another order than the profile',
      options: {},
      wrong: () => urlOf([2, 0, 1], {}),
      right: () => urlOf(ORDER, {}),
      hint: () => `servers: [${servers.map(({ address }) => address).join(', ')}]`,
    },
    {
      what: 'with OPT_LIBKETAMA_COMPATIBLE',
      options: { OPT_LIBKETAMA_COMPATIBLE: true },
      wrong: () => urlOf(ORDER, {}),
      right: () => urlOf(ORDER, { distribution: 'libketama' }),
      hint: () => 'distribution: ketama',
    },
    {
      what: 'with DISTRIBUTION_CONSISTENT and Laravel’s weights',
      options: { OPT_DISTRIBUTION: 'DISTRIBUTION_CONSISTENT' },
      wrong: () => urlOf(ORDER, { distribution: 'ketama' }),
      right: () => urlOf(ORDER, { distribution: 'consistent' }, ':100'),
      hint: () => `distribution: consistent, servers: [${servers.map(({ address }) => `${address}:100`).join(', ')}]`,
    },
    {
      what: 'by modulo, where the profile says ketama',
      options: {},
      wrong: () => urlOf(ORDER, { distribution: 'ketama' }),
      right: () => urlOf(ORDER, { distribution: 'modula' }),
      hint: () => 'distribution: modulo',
    },
    {
      what: 'with OPT_PREFIX_KEY, which is not hashed',
      options: { OPT_PREFIX_KEY: 'app:' },
      wrong: () => urlOf(ORDER, { prefix: 'app:o-' }),
      right: () => urlOf(ORDER, { connectionPrefix: 'app:' }),
      hint: () => 'connectionPrefix: "app:", prefix: "o-"',
    },
  ];
  for (const { what, options, wrong, right, hint } of cases) {
    it(`is recognized as ${what}, and readable with that setting in the profile`, async () => {
      fill(options);
      expect(await found(wrong())).to.be.below(KEYS.length);
      const told = await placement(wrong());
      expect(told).to.include({ state: 'fault', code: 1 });
      expect(told.hint).to.equal(`This matches: ${hint()}`);
      expect(await found(right())).to.equal(KEYS.length);
      expect(await placement(right())).to.include({ state: 'ok', code: 0 });
    });
  }

  it('uses another ring with DISTRIBUTION_CONSISTENT and weights of 1 than with Laravel’s weights', async () => {
    fill({ OPT_DISTRIBUTION: 'DISTRIBUTION_CONSISTENT' }, 1);
    expect(await found(urlOf(ORDER, { distribution: 'consistent' }))).to.equal(KEYS.length);
    expect((await placement(urlOf(ORDER, { distribution: 'consistent' }, ':100'))).hint).to.match(
      /^This matches: servers: \[[\d.:]+, [\d.:]+, [\d.:]+\]$/,
    );
  });

  it('holds its locks where the application looks for them, under OPT_PREFIX_KEY', async () => {
    const url = urlOf(ORDER, { connectionPrefix: 'app:' });
    const names = KEYS.slice(0, 4);
    for (const name of names) {
      expect((await cachectl(['lock:acquire', name, '--ttl', '1m', '--url', url])).code).to.equal(0);
    }

    const places = servers.map(({ port }) => ['127.0.0.1', port, 100] as const);
    const code = `foreach (json_decode('${JSON.stringify(names)}') as $name) echo $m->add("o-$name", 'x', 60) ? 'taken ' : 'held ';`;
    expect(php.run(places, { OPT_PREFIX_KEY: 'app:' }, code)).to.equal('held held held held ');
    const listed = await cachectl(['lock:list', '--json', '--url', url]);
    expect((JSON.parse(listed.out) as Array<{ name: string }>).map(({ name }) => name)).to.have.members(names);
  });

  it('lists and flushes under both prefixes', async () => {
    fill({ OPT_PREFIX_KEY: 'app:' });
    const url = urlOf(ORDER, { connectionPrefix: 'app:' });
    expect((await cachectl(['keys', '--count', '--url', url])).out).to.equal(`${KEYS.length}\n`);
    expect((await cachectl(['keys', 'user:0', '--url', url])).out).to.equal('user:0\n');
    expect((await cachectl(['flush', '--yes', '--json', '--url', url])).out).to.include(`"removed":${KEYS.length}`);
    expect(await found(url)).to.equal(0);
  });

  it('gets no verdict from few keys, and a note that modulo ignores weights', async () => {
    fill({});
    // In this order no key is where the application put it.
    const url = urlOf([2, 0, 1], {});
    await cachectl(['flush', '--yes', '--pattern', 'user:?????*', '--url', urlOf(ORDER, {})]);
    const told = await placement(url);
    expect(told).to.include({ state: 'fault' });
    expect(told.hint).to.include('too few keys');
    const [one, ...others] = servers.map(({ address }) => address);
    const weighted = `memcached://${[`${one}:5`, ...others].join(',')}?prefix=o-`;
    const { out } = await cachectl(['doctor', '--read-only', '--url', weighted]);
    expect(out).to.match(/^warning\tweights\t.*modulo/m);
  });
});

async function placement(url: string): Promise<{ state: string; message: string; hint?: string; code: null | number }> {
  const { out, code } = await cachectl(['doctor', '--json', '--read-only', '--url', url]);
  const { findings } = JSON.parse(out) as { findings: Array<{ subject: string; state: string; message: string }> };
  const found = findings.find(({ subject }) => subject === 'placement');
  expect(found, out).not.to.be.undefined;
  return { ...found!, code };
}

/** How many of the application's keys are found. */
async function found(url: string): Promise<number> {
  const { out } = await cachectl(['get', '--json', ...KEYS, '--url', url]);
  const read = JSON.parse(out) as Array<{ hit: boolean }>;
  return read.filter(({ hit }) => hit).length;
}
