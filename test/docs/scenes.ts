import type { Redis } from 'ioredis';

import type { Shell } from './shell.js';

/** The set-up for the commands of a page, and what happens while they run. */
export interface Scene {
  /** Changes the server before the first command. */
  prepare?(redis: Redis): Promise<unknown>;
  /** Happens again and again while a live view is open. */
  meanwhile?(redis: Redis, command: string): Promise<unknown>;
  /** What happens, or what the shell runs, before a command and before each run of a live view. */
  readonly first?: Readonly<Record<string, ((redis: Redis, shell: Shell) => Promise<unknown>) | string>>;
  /** Commands whose output is shown as it is in a pipe, although it is in a console. */
  readonly piped?: readonly string[];
  /** Exit codes other than 0. */
  readonly exits?: Readonly<Record<string, number>>;
}

/** The entries of the cache, as an export has them. */
export const ENTRIES: readonly unknown[] = [
  { key: 'users:1', value: { name: 'Ann' }, expires: null },
  { key: 'users:2', value: { name: 'Ben' }, expires: null },
  { key: 'John', value: 'hello', expires: null, tags: ['people', 'artists'] },
  { key: 'home:page', value: 'page', expires: null, tags: ['products'] },
  { key: 'rates:new', value: 1.09, expires: null },
  { key: 'rate', value: 10, expires: null },
  { key: 'stock:42', value: 50, expires: null },
  { key: 'token:ann', value: 'secret', expires: null },
  { key: 'views:home:1', value: 'x'.repeat(2000), expires: null },
];

/** Programs of the reader that the commands run. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  'deploy.sh': 'echo deploying',
  'rates.sh': 'echo 1.08',
  'import.sh': 'echo imported',
  'report.sh': 'echo report',
  'lookup.sh': 'echo found',
  'send-report.sh': 'true',
  'send-sms.sh': 'true',
  'warm.sh': 'true',
  'bin/curl': `echo '{"EUR":1,"USD":1.09}'`,
  'bin/git': 'echo v1.0.0',
  'bin/php': 'true',
  'bin/nano': 'true',
  // The page's own file would be replaced.
  'bin/unprofiled': 'mv -f cachectl.yaml given.yaml',
};

export const HOLDER = 'cachectl:ci@runner-7:4711:01a2292d62b005a35a2d3aaaaaa41b7f';
const ACQUIRE = 'OWNER=$(cachectl lock:acquire deploy --ttl 10m)';
const EXPORT = 'cachectl export --output cache.ndjson';
export const NO_WAITERS = 'kill $(jobs -p); wait';
const SHOP = 'shop-database-shop-cache-';
const STUCK = String.raw`laravel_unique_job:App\Jobs\SyncStock:42`;

/** Keyspace notifications, as on a server where events work without --enable. */
const notifying = async (redis: Redis): Promise<unknown> => redis.config('SET', 'notify-keyspace-events', 'Eg$xehlzm');

/** Laravel's default profile has its locks in database 0, its entries in database 1. */
const held = async (redis: Redis): Promise<unknown> =>
  redis.pipeline().select(0).set(`${SHOP}deploy`, HOLDER, 'PX', 3_600_000, 'NX').select(1).exec();

export const SCENES: Readonly<Record<string, Scene>> = {
  'README.md': { first: { 'cachectl lock:list': ACQUIRE } },
  'docs/commands/doctor.md': {
    first: { 'cachectl doctor --all-profiles --read-only': 'cachectl put a 1 --profile staging' },
  },
  'docs/commands/add.md': {
    first: { 'cachectl add users:1 \'{"name":"Ann"}\' --as json --ttl 1h': 'cachectl forget users:1' },
  },
  'docs/commands/completion.md': {
    first: {
      'cachectl completion bash > ~/.local/share/bash-completion/completions/cachectl':
        'mkdir -p .local/share/bash-completion/completions .zfunc .config/fish/completions',
      // zsh has it; test/commands/completion.test.ts runs it.
      'eval "$(cachectl completion zsh)"': 'compdef() { :; }',
    },
  },
  'docs/commands/events.md': { prepare: notifying },
  'docs/commands/import.md': {
    first: {
      'cachectl import cache.ndjson --profile staging': `${EXPORT}; gzip --keep cache.ndjson`,
    },
  },
  'docs/commands/lock.md': {
    first: {
      'cachectl lock:refresh deploy --owner "$OWNER" --ttl 10m': ACQUIRE,
      'cachectl lock:release deploy --owner "$OWNER"': ACQUIRE,
      'cachectl lock:release deploy --force': ACQUIRE,
      'cachectl lock:show deploy': ACQUIRE,
      'cachectl lock:show deploy --for 10s': ACQUIRE,
    },
  },
  'docs/commands/profile.md': {
    first: {
      'cachectl profile:check production --config deploy/cachectl.yaml':
        'mkdir deploy; sed s/shop:/production:/ cachectl.yaml > deploy/cachectl.yaml',
      'cachectl profile:init shop --from-laravel .': 'unprofiled',
      'cachectl profile:init shop --url redis://10.0.0.5/1 --prefix shop-cache-': 'unprofiled',
      'cachectl profile:list': 'mv given.yaml cachectl.yaml',
    },
  },
  'docs/commands/put.md': { first: { 'cachectl put --from entries.ndjson': `echo '{"a":1}' > entries.ndjson` } },
  'docs/commands/top.md': { prepare: notifying },
  'docs/doctor.md': {
    prepare: async (redis) =>
      redis.pipeline().flushall().mset('shop_database_shop_cache_a', 1, 'shop_database_shop_cache_b', 1).exec(),
  },
  'docs/getting-started.md': {
    first: {
      'cachectl put greeting hello --ttl 10m': 'unprofiled',
      'cachectl doctor --laravel .': 'cachectl put a 1 --laravel .',
    },
  },
  'docs/events.md': {
    prepare: notifying,
    async meanwhile(redis) {
      await redis.pipeline().set(`${SHOP}greeting`, 's:2:"hi";').del(`${SHOP}greeting`).get(`${SHOP}users:9`).exec();
      await held(redis);
      await redis.pipeline().select(0).del(`${SHOP}deploy`).select(1).exec();
    },
  },
  'docs/install.md': {
    first: { 'rm -r ~/.local/share/cachectl ~/.cache/cachectl': 'mkdir -p .local/share/cachectl .cache/cachectl' },
  },
  'docs/laravel.md': { first: { 'cachectl profile:init shop --from-laravel /var/www/shop': 'unprofiled' } },
  'docs/locks.md': {
    first: {
      'cachectl lock:list': ACQUIRE,
      async 'cachectl lock:list --profile shop'(redis) {
        await redis.flushall();
        await held(redis);
      },
      'cachectl lock:show deploy --for 5s --profile shop': contended,
      'cachectl lock:watch deploy --for 10s --profile shop': contended,
      async 'cachectl lock:list --family unique-job --profile shop'(redis, shell) {
        await shell.run(NO_WAITERS);
        await redis.flushall();
        await redis.pipeline().select(0).set(`${SHOP}${STUCK}`, 'aZ3kQ9sLmN1pR7tV').select(1).exec();
      },
      'cachectl lock:run deploy --ttl 30s --profile shop -- ./deploy.sh': held,
      async 'cachectl lock:run deploy --ttl 5s --profile shop -- ./deploy.sh'(redis, shell) {
        await redis.flushall();
        const broken = 'cachectl lock:release deploy --force --yes >&- 2>&-';
        await shell.run(`printf '%s\\n' '#!/bin/sh' 'echo deploying' '${broken}' 'sleep 60' > deploy.sh`);
      },
    },
    exits: {
      'cachectl lock:run deploy --ttl 30s --profile shop -- ./deploy.sh': 75,
      'cachectl lock:run deploy --ttl 5s --profile shop -- ./deploy.sh': 76,
    },
    async meanwhile(redis, command) {
      if (!command.includes('lock:watch')) return;
      const clients = (await redis.client('LIST')) as string;
      // Both waiters try every 250 ms.
      if (clients.includes('cmd=monitor') && ++watched % 40 === 0) {
        await redis.pipeline().select(0).del(`${SHOP}deploy`).select(1).exec();
      }
    },
  },
  'docs/on-call.md': {
    async prepare(redis) {
      await redis.flushall();
      await redis.set('shop-cache-deploy', HOLDER, 'PX', 3_600_000);
      await filled(redis);
    },
    first: {
      async 'cachectl lock:show deploy'(_redis, shell) {
        await shell.run(`${waiter('runner-8', 1634)} ${waiter('runner-9', 1635)}`);
        await shell.run('until cachectl lock:show deploy | grep waiters.1; do :; done');
      },
      'cachectl top --by prefix --enable --for 5s': NO_WAITERS,
      'cachectl stats': async (redis) => overfull(redis),
      'cachectl doctor': async (redis) => overfull(redis),
    },
    async meanwhile(redis) {
      await overfull(redis, 3);
      await looked(redis);
    },
  },
  'docs/profiles.md': {
    piped: ['cachectl profile:init shop --url redis://127.0.0.1:6379/1'],
    first: {
      'cachectl profile:init shop --url redis://127.0.0.1:6379/1': 'unprofiled',
      'cachectl profile:init shop --from-laravel /var/www/shop': 'unprofiled',
    },
  },
  'docs/mongodb.md': { first: { 'cachectl doctor --profile reports': 'cachectl put a 1 --profile reports' } },
  'docs/stats.md': {
    async prepare(redis) {
      await redis.flushall();
      await redis.config('SET', 'maxmemory', '100mb');
      await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
      const entries = redis.pipeline();
      const ttls = [300, 1800, 10_000, 50_000];
      for (let key = 0; key < 12_000; key++) entries.set(`${SHOP}users:${key}`, 'i:1;', 'EX', ttls[key % ttls.length]!);
      await entries.get(`${SHOP}users:1`).get(`${SHOP}none`).exec();
    },
  },
  'docs/tags.md': { prepare: async (redis) => redis.flushall() },
  'docs/troubleshooting.md': {
    prepare: async (redis) => redis.pipeline().flushall().set(`${SHOP}odd`, 'xyz').exec(),
    exits: {
      'cachectl get users:1': 1,
      'cachectl get odd': 3,
      'cachectl get a --url redis://127.0.0.1:1': 3,
    },
  },
};

let watched = 0;

/** A held lock with two waiters. */
async function contended(redis: Redis, shell: Shell): Promise<void> {
  await shell.run(NO_WAITERS);
  await redis.flushall();
  await held(redis);
  for (const [host, pid] of [
    ['runner-8', 1634],
    ['runner-9', 1635],
  ] as const)
    await shell.run(waiter(host, pid));
}

export function waiter(host: string, pid: number): string {
  const owner = `cachectl:ci@${host}:${pid}:01a2295969da49b9e552ecec71b5870b`;
  return `cachectl lock:acquire deploy --ttl 30s --wait 10m --owner ${owner} >&- 2>&- &`;
}

/** A cache with several groups of keys. */
export async function filled(redis: Redis): Promise<void> {
  const entries = redis.pipeline();
  const add = (key: string, size: number, ttl: number): unknown =>
    entries.set(`shop-cache-${key}`, `s:${size}:"${'x'.repeat(size)}";`, 'EX', ttl);
  for (let index = 0; index < 4000; index++) add(`views:home:${index}`, 1700, 86_400);
  for (let index = 0; index < 40; index++) add(`reports:daily:${index}`, 60_000, 21_600);
  // The key that is missed.
  for (let index = 1; index <= 301; index++) if (index !== 7) add(`users:${index}`, 30, 3600);
  await entries.exec();
}

/** A full server that evicts. */
export async function overfull(redis: Redis, written = 20): Promise<void> {
  const used = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
  await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await redis.config('SET', 'maxmemory', String(Math.min(used, 9_400_000)));
  const entries = redis.pipeline();
  for (let index = 0; index < written; index++) {
    entries.set(`shop-cache-views:home:${(views += 1)}`, `s:1700:"${'x'.repeat(1700)}";`, 'EX', 86_400);
  }

  await entries.exec();
}

let views = 5000;

/** An application reads an entry that is there, and two that are not. */
export async function looked(redis: Redis): Promise<void> {
  const keys = [`views:home:${views}`, 'users:7', 'rates:eur'];
  await Promise.all(keys.map(async (key) => redis.get(`shop-cache-${key}`)));
}
