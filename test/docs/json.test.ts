import { expect } from 'chai';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { cachectl, type Run, start } from '../support/cli.js';
import { type MemcachedServer, startMemcached } from '../support/memcached-server.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { scratchFolder } from '../support/scratch.js';

const DOCS = readFileSync(new URL('../../docs/json.md', import.meta.url), 'utf8');

/** Members whose own members are described once for all documents, or named by the store or the user. */
const OPAQUE = new Set(['branches', 'details', 'error', 'place', 'stdout', 'value']);

/** Members that these stores do not print: those of MongoDB, of compressed values, of waiters on other stores. */
const ELSEWHERE = new Set([
  'attempts',
  'compression',
  'expiredAt',
  'foreign',
  'plainSize',
  'unlisted',
  'waiters.attempts',
  'waiters.client',
]);

/** The names of all members in a document; those of a list's items without an index. */
function namesIn(document: unknown, within = ''): string[] {
  if (Array.isArray(document)) return document.flatMap((item) => namesIn(item, within));
  if (typeof document !== 'object' || document === null) return [];
  return Object.entries(document).flatMap(([name, value]) => [
    within + name,
    ...(OPAQUE.has(name) ? [] : namesIn(value, `${within}${name}.`)),
  ]);
}

/** The names that a section documents: in its examples, before the colon of a list item, and dotted ones anywhere. */
function documentedIn(section: string): Set<string> {
  const examples = [...section.matchAll(/^```json\n(.*?)^```/gms)].flatMap(([, text]) => namesIn(JSON.parse(text!)));
  const text = section.replaceAll(/^```.*?^```/gms, '');
  const heads = [...text.matchAll(/^- ((?:`[\w.]+`(?:, )?)+):/gm)].flatMap(([, head]) => spansIn(head!));
  const others = spansIn(text).filter((name) => /^\w+(?:\.\w+)+$/.test(name) && !name.endsWith('.md'));
  const dry = spansIn(text).filter((name) => name.startsWith('would'));
  const parents = others.flatMap((name) => name.split('.').map((_, index, parts) => parts.slice(0, index).join('.')));
  return new Set([...examples, ...heads, ...others, ...parents.filter(Boolean), ...dry]);
}

function spansIn(text: string): string[] {
  return [...text.matchAll(/`([\w.]+)`/g)].map(([, name]) => name!);
}

/** By the commands of each heading. */
const SECTIONS = DOCS.split(/^### /m)
  .slice(1)
  .map((section) => ({
    commands: [...section.slice(0, section.indexOf('\n')).matchAll(/`([\w:]+)`/g)].map(([, name]) => name!),
    documented: documentedIn(section.replace(/^## .*/ms, '')),
  }));

describe('docs/json.md', function () {
  // It runs every command, some of them many times.
  this.timeout(600_000);
  const printed = new Map<string, Set<string>>();
  let redis: RedisServer;
  let memcached: MemcachedServer;
  let folder: string;

  before(async function () {
    // An option, so that the server is one of its own.
    redis = await startRedis(this, '--databases', '16');
    memcached = await startMemcached(this);
    folder = scratchFolder('json');
  });

  after(async () => Promise.all([redis?.stop(), memcached?.stop()]));

  const url = (): string => `${redis.url}?prefix=shop-cache-`;

  const note = (args: readonly string[], out: string): void => {
    const names = printed.get(args[0]!) ?? new Set();
    for (const line of out.split('\n').filter(Boolean)) for (const name of namesIn(JSON.parse(line))) names.add(name);
    printed.set(args[0]!, names);
  };

  /** Run a command with --json, and record the names that it prints. */
  const run = async (args: readonly string[], input = '', at = url()): Promise<Record<string, unknown>> => {
    const dashes = args.indexOf('--');
    const own = args.slice(0, dashes === -1 ? undefined : dashes);
    const { out, err } = await cachectl([...own, '--json', '--url', at, ...args.slice(own.length)], { input });
    expect(out, `${args.join(' ')}\n${err}`).not.to.equal('');
    note(args, out);
    return JSON.parse(out.split('\n')[0]!) as Record<string, unknown>;
  };

  const all = async (commands: ReadonlyArray<readonly string[]>, at = url()): Promise<void> => {
    for (const args of commands) await run(args, '', at);
  };

  const started = (args: readonly string[]): Run => {
    const started = start([...args, '--json', '--url', url()]);
    started.child.stdin.end();
    return started;
  };

  const ended = async (args: readonly string[], tail: Run): Promise<void> => {
    tail.child.kill('SIGINT');
    note(args, (await tail.ended).out);
  };

  it('shows entries as they are printed', async () => {
    await run(['put', '--from', '-'], '{"a":"1","b":2,"users:1":{"name":"Ann"}}');
    await redis.client.rpush('shop-cache-list', 'x');
    await redis.client.set('other-cache-k', 's:1:"v";');
    const put = ['put', 'John', 'hello', '--tags', 'people,artists', '--ttl', '1h'];
    const counters = [
      ['increment', 'login'],
      ['decrement', 'n'],
      ['put', 'login:timer', '4102444800', '--as', 'json'],
    ];
    await all([put, ['add', 'a', 'x'], ['get', 'a', 'none', 'list'], ['pull', 'a'], ...counters]);
    await all([
      ['touch', 'b', 'none', '--ttl', '1h'],
      ['forget', 'n'],
      ['forget', 'b', '--dry-run'],
    ]);
    await all([
      ['touch', '--pattern', 'none*', '--ttl', '1h', '--yes'],
      ['touch', '--pattern', 'none*', '--ttl', '1h', '--dry-run'],
      ['put', 'old', '1'],
      ['rename', 'old', 'new'],
    ]);
    const edit = ['edit', 'new', '--json', '--url', url()];
    const changing = path.join(folder, 'editor');
    const meanwhile = `'${process.execPath}' '${path.resolve('bin/run.js')}' put new 2 --url '${url()}'`;
    writeFileSync(changing, `#!/bin/sh\n${meanwhile} && echo 3 > "$1"\n`, { mode: 0o755 });
    note(['edit'], (await cachectl(edit, { env: { EDITOR: changing, TMPDIR: folder } })).out);
    await all([['put', 'illuminate:cache:flexible:created:b', '1700000000', '--as', 'json']]);
    const remember = ['remember', 'date', '--ttl', '1m', '--', 'echo', '1'];
    await all([
      remember,
      remember,
      ['put', 'illuminate:foundation:down', '1'],
      ['lock:acquire', 'deploy', '--ttl', '1m'],
    ]);
    const inspected = ['login', 'b', 'date', 'deploy', 'list', 'illuminate:foundation:down', 'none'];
    await all([
      ['inspect', ...inspected],
      ['inspect', 'John', '--tags', 'people,artists'],
      ['inspect', 'tag:people:entries'],
    ]);
    await all([['inspect', 'John', '--tags', 'artists,people']]);
    await redis.client.set('bare', '1');
    await run(['inspect', 'bare']);
    await redis.client.config('SET', 'maxmemory-policy', 'allkeys-lfu');
    await all([
      ['put', 'lfu', 'hello'],
      ['inspect', 'lfu'],
    ]);
    await redis.client.config('SET', 'maxmemory-policy', 'noeviction');
    await all(
      [
        ['put', 'm', '1'],
        ['inspect', 'm'],
      ],
      `memcached://${memcached.address}`,
    );
    await all(
      [
        ['lock:acquire', 'deploy', '--ttl', '1m'],
        ['inspect', 'deploy'],
      ],
      `sqlite://${folder}/apart.sqlite`,
    );
  });

  it('shows listings and removals as they are printed', async () => {
    const long = ['keys', '--long', '--idle'];
    await all([
      ['lock:acquire', 'held', '--ttl', '0'],
      ['keys'],
      ['keys', '--long'],
      long,
      ['keys', '--sort', 'ttl'],
      ['keys', '--tree'],
      ['keys', '--count'],
    ]);
    await all([['tags:list'], ['tags:show', 'people'], ['tags:prune'], ['tags:prune', '--dry-run']]);
    await all([
      ['tags:flush', 'people', '--dry-run'],
      ['tags:flush', 'none', '--yes'],
      ['flush', '--dry-run'],
    ]);
    const dump = await redis.client.dumpBuffer('shop-cache-b');
    await redis.client.call('RESTORE', 'shop-cache-b', '0', dump!, 'REPLACE', 'IDLETIME', '1000');
    const only = ['--pattern', '*', '--idle-for', '100s', '--larger-than', '1'];
    await all([
      ['flush', ...only, '--dry-run'],
      ['flush', ...only, '--yes'],
    ]);
    const file = path.join(folder, 'entries.ndjson');
    await run(['export', '--output', file]);
    await run(['import', '-', '--skip-bad'], '{"key":"a","value":"1","expires":null}\n{"key":"b","expires":null}\n');
    await all([
      ['import', file, '--dry-run'],
      ['copy', '--to-url', `sqlite://${folder}/copy.sqlite`],
    ]);
  });

  it('shows locks as they are printed', async () => {
    const { owner } = await run(['lock:acquire', 'import', '--ttl', '1m', '--fence']);
    await all([['lock:refresh', 'import', '--owner', owner as string, '--ttl', '0'], ['lock:list']]);
    await all([
      ['lock:release', '--stuck', '--dry-run'],
      ['lock:release', '--stuck', '--yes'],
    ]);
    await run(['lock:acquire', 'import', '--ttl', '0']);
    const waiter = started(['lock:acquire', 'import', '--ttl', '1m', '--wait', '1h']);
    let seen: { contenders: readonly unknown[] } = { contenders: [] };
    // The waiter may not be registered yet.
    while (seen.contenders.length === 0)
      ({ seen } = (await run(['lock:show', 'import', '--for', '1'])) as { seen: typeof seen });
    const watch = started(['lock:watch', 'import']);
    await watch.saw('"contended"');
    await run(['lock:release', 'import', '--force', '--yes']);
    await watch.saw('"waitedFor"');
    await waiter.ended;
    await run(['lock:release', 'import', '--force', '--dry-run']);
    await run(['lock:release', 'import', '--force', '--yes']);
    await watch.saw('"heldFor"');
    await ended(['lock:watch'], watch);
    const again = started(['lock:acquire', 'once', '--ttl', '1m']);
    await again.ended;
    const held = started(['lock:watch', 'once']);
    await held.saw('"held"');
    const next = started(['lock:acquire', 'once', '--ttl', '1m', '--wait', '1h']);
    await held.saw('"contended"');
    await run(['lock:release', 'once', '--force', '--yes']);
    await next.ended;
    await run(['lock:release', 'once', '--force', '--yes']);
    await ended(['lock:watch'], held);
    for (const summary of ['holdTimes', 'waitTimes']) {
      for (const figure of ['median', 'worst']) printed.get('lock:show')!.add(`seen.${summary}.${figure}`);
    }
  });

  it('shows what one looks at on call as it is printed', async () => {
    await run(['put', 'b', '1', '--ttl', '1h']);
    await run(['get', 'b']);
    await all([['stats'], ['stats', '--sample']]);
    await run(['stats'], '', `memcached://${memcached.address},127.0.0.1:1`);
    const watch = started(['stats', '--watch']);
    await until(watch, ['hitRatio'], async () => redis.client.get('shop-cache-b'));
    await ended(['stats'], watch);
    const top = started(['top', '--enable', '--for', '3s']);
    await until(top, ['hitRatio'], async () => redis.client.get('shop-cache-b'));
    await ended(['top'], top);
    const tail = started(['events:tail', '--enable', '--source', 'monitor', '--all-prefixes', '--values']);
    const put = ['put', 'k', 'v', '--tags', 'a', '--url', url()];
    await until(tail, ['otherPrefix', 'preview', '"client"'], async () => {
      await redis.client.get('other-cache-k');
      await cachectl(put);
    });
    await ended(['events:tail'], tail);
    const tagged = started(['events:tail', '--enable', '--tag', 'a', '--limit', '1']);
    await until(tagged, ['"tags"'], async () => cachectl(put));
    await ended(['events:tail'], tagged);
    const config = path.join(folder, 'cachectl.yaml');
    writeFileSync(config, `profiles:\n  shop:\n    driver: redis\n    url: ${redis.url.replace('//', '//:secret@')}\n`);
    chmodSync(config, 0o644);
    note(['doctor'], (await cachectl(['doctor', '--json', '--config', config])).out);
  });

  it('shows profiles as they are printed', async () => {
    const config = path.join(folder, 'profiles.yaml');
    writeFileSync(
      config,
      'default: a\nprofiles:\n  a: {driver: sqlite, path: "${NONE:-a.sqlite}"}\n  b: {driver: redis, hst: x}\n',
    );
    for (const command of ['profile:list', 'profile:show', 'profile:check']) {
      note([command], (await cachectl([command, '--json', '--config', config])).out);
    }

    const init = ['profile:init', 'c', '--driver', 'redis', '--offline', '--json', '--config', config];
    note(['profile:init'], (await cachectl(init)).out);
  });

  for (const { commands, documented } of SECTIONS) {
    it(`documents the names of ${commands.join(', ')}, and no others`, () => {
      const names = new Set(commands.flatMap((command) => [...(printed.get(command) ?? [])]));
      expect(names.size, 'commands that ran').to.be.above(0);
      expect(
        [...names].filter((name) => !documented.has(name) && name !== 'error'),
        'undocumented',
      ).to.deep.equal([]);
      expect(
        [...documented].filter((name) => !names.has(name) && !ELSEWHERE.has(name)),
        'not printed',
      ).to.deep.equal([]);
    });
  }
});

/** Repeat `work` until the output of a run has all texts. */
async function until(tail: Run, texts: readonly string[], work: () => Promise<unknown>): Promise<void> {
  while (tail.child.exitCode === null && !texts.every((text) => tail.output().includes(text))) await work();
}
