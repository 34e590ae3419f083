import { expect } from 'chai';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { laravelConfig } from '../support/laravel-config.js';
import { type MongodbServer, startMongodb } from '../support/mongodb-server.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { requireProgram } from '../support/requirements.js';
import { scratchFolder } from '../support/scratch.js';
import { NOT_RUN } from './not-run.js';
import { isAsShown, linesMissing } from './output.js';
import { type Example, examplesOf, PAGES, profileFilesOf } from './pages.js';
import { ENTRIES, PROGRAMS, type Scene, SCENES } from './scenes.js';
import { Shell } from './shell.js';

const PROGRAM = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

/** The drivers on this page are tested as installed: test/support/outside.ts. */
const NEEDS_DRIVERS = new Set(['docs/custom-drivers.md']);

/** The server settings that a page may change. */
const STOCK = [
  ['notify-keyspace-events', ''],
  ['maxmemory', '0'],
  ['maxmemory-policy', 'noeviction'],
] as const;

/** Repeat a live view until it has shown every line of the page. */
const LOOKS = 8;

const LIVE = /^cachectl (?:events:tail|lock:watch|stats --watch|top)\b/;

/** Without a terminal, a prompt needs --yes, and a short run is enough. */
function asRun({ command, output }: Example): string {
  const look = /lock:watch .*--profile/.test(command) ? '5s' : output === undefined ? '300ms' : '1s';
  const bounded = command.includes('--for ')
    ? command.replace(/--for \d+[sm]/, `--for ${look}`)
    : command.replace(LIVE, `$& --for ${look}`);
  return QUESTIONS.some((question) => question.test(command)) ? `${bounded} --yes` : bounded;
}

/** Commands that ask for confirmation. */
const QUESTIONS = [
  /^cachectl flush(?!.*--(?:yes|dry-run))/,
  /^cachectl doctor .*--fix$/,
  /^cachectl touch --pattern/,
  /^cachectl lock:release \S+ --force/,
];

describe('the commands on the pages', () => {
  let redis: RedisServer;
  let mongodb: MongodbServer;
  let snapshot: ReadonlyArray<{ database: number; key: Buffer; dump: Buffer }>;

  before(async function () {
    requireProgram(this, 'bash');
    requireProgram(this, 'script');
    // An option, so that the server is a stock one of its own.
    redis = await startRedis(this, '--databases', '16');
    mongodb = await startMongodb(this, 'java');
    const { folder, shell } = await open('README.md');
    writeFileSync(path.join(folder, 'seed.ndjson'), ENTRIES.map((entry) => JSON.stringify(entry)).join('\n'));
    expect(await shell.run('cachectl import seed.ndjson')).to.include({ code: 0 });
    await shell.end();
    snapshot = await dumped();
  });

  after(async () => Promise.all([redis?.stop(), mongodb?.stop()]));

  const dumped = async (): Promise<typeof snapshot> => {
    await redis.client.select(1);
    const keys = await redis.client.keysBuffer('*');
    return Promise.all(keys.map(async (key) => ({ database: 1, key, dump: (await redis.client.dumpBuffer(key))! })));
  };

  const reset = async (): Promise<void> => {
    await redis.client.flushall();
    await redis.client.select(1);
    await Promise.all(snapshot.map(async ({ key, dump }) => redis.client.restore(key, 0, dump)));
  };

  const open = async (page: string): Promise<{ folder: string; shell: Shell }> => {
    const folder = path.join(scratchFolder('page'), 'shop');
    mkdirSync(path.join(folder, 'bin'), { recursive: true });
    const file = (name: string, text: string, mode = 0o644): void => {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
      chmodSync(path.join(folder, name), mode);
    };

    file('bin/cachectl', `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`, 0o755);
    for (const [name, text] of Object.entries(PROGRAMS)) file(name, `#!/bin/sh\n${text}\n`, 0o755);
    const [own] = profileFilesOf(page);
    const [shop] = profileFilesOf('README.md');
    file(
      'cachectl.yaml',
      addressed(own ?? `${shop}  staging: &other { driver: sqlite, path: staging.sqlite }\n  reports: *other\n`),
      0o600,
    );
    const { cache, database } = laravelConfig(12);
    file('config/cache.php', cache);
    file('config/database.php', database);
    file('.env', `APP_NAME=Shop\nCACHE_STORE=redis\nREDIS_PORT=${redis.port}\n`);
    file('composer.lock', JSON.stringify({ packages: [{ name: 'laravel/framework', version: 'v12.67.0' }] }));
    const env = {
      PATH: `${path.join(folder, 'bin')}:${process.env.PATH ?? ''}`,
      HOME: folder,
      USER: 'ann',
      EDITOR: 'true',
      SHOP_REDIS_URL: `redis://127.0.0.1:${redis.port}/1`,
      NO_COLOR: '1',
      TERM: 'xterm',
      LC_ALL: 'C.UTF-8',
    };
    return { folder, shell: new Shell(folder, env) };
  };

  const addressed = (text: string): string =>
    text
      .replaceAll(/redis:\/\/(?:127\.0\.0\.1:6379|127\.0\.0\.1|10\.0\.0\.5)(?!:)/g, `redis://127.0.0.1:${redis.port}`)
      .replace(/mongodb:.*/, `${mongodb.url}/reports`)
      .replaceAll(/^ +(?:username|password): .*\n/gm, '');

  for (const page of PAGES) {
    const examples = examplesOf(page).filter(({ command }) => !(command in NOT_RUN));
    if (examples.length === 0) continue;
    it(`work as ${page} shows them`, async () => {
      const scene = SCENES[page] ?? {};
      const { folder, shell } = await open(page);
      for (const [name, value] of STOCK) await redis.client.config('SET', name, value);
      await reset();
      await scene.prepare?.(redis.client);
      const problems: string[] = [];
      for (const example of examples) {
        // The examples of a command are independent.
        if (page.startsWith('docs/commands/')) await reset();
        const problem = await tried(example, scene, folder, shell);
        if (problem !== undefined) problems.push(problem);
      }

      await shell.end();
      expect(problems.join('\n\n'), page).to.equal('');
    });
  }

  it('are all run, but for those of a list with reasons', () => {
    const commands = new Set(PAGES.flatMap((page) => examplesOf(page).map(({ command }) => command)));
    expect(Object.keys(NOT_RUN).filter((command) => !commands.has(command))).to.deep.equal([]);
    for (const [page, { first = {}, exits = {}, piped = [] }] of Object.entries(SCENES)) {
      const shown = examplesOf(page).map(({ command }) => command);
      expect(shown, page).to.include.members([...Object.keys(first), ...Object.keys(exits), ...piped]);
    }
  });

  it('have profiles that are valid', async () => {
    const { folder, shell } = await open('README.md');
    const files = PAGES.filter((page) => !NEEDS_DRIVERS.has(page)).flatMap((page) =>
      profileFilesOf(page).map((text) => ({ page, text })),
    );
    expect(files).to.have.length.above(10);
    for (const { page, text } of files) {
      const variables = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name!);
      const set = variables.map((name) => `${name}=${name.includes('URL') ? 'redis://127.0.0.1' : 'x'}`).join(' ');
      writeFileSync(path.join(folder, 'page.yaml'), text, { mode: 0o600 });
      const { code, output } = await shell.run(`${set} cachectl profile:check --config page.yaml`);
      expect(code, `${page}\n${text}\n${output}`).to.equal(0);
    }

    await shell.end();
  });

  const tried = async (example: Example, scene: Scene, folder: string, shell: Shell): Promise<string | undefined> => {
    const { command, atTerminal, output: shown } = example;
    const typed = addressed(asRun(example)).replaceAll('/var/www/shop', folder);
    const wanted = scene.exits?.[command] ?? 0;
    for (let look = 1; ; look++) {
      const first = scene.first?.[command];
      await (typeof first === 'string' ? shell.run(first) : first?.(redis.client, shell));
      const running = shell.run(typed, atTerminal && !scene.piped?.includes(command));
      const isLive = typed.includes('--for');
      if (isLive) await untilOver(running, async () => scene.meanwhile?.(redis.client, command));
      const { code, output } = await running;
      const printed = `it exits ${code} and prints\n${output.slice(0, 2000)}`;
      if (code !== wanted) return `$ ${typed}\nshould exit ${wanted}, but ${printed}`;
      if (shown === undefined) return undefined;
      const problem = isLive
        ? linesMissing(output, shown)
            .map((line) => `\nshould print the line ${line}`)
            .join('')
        : isAsShown(output, shown)
          ? ''
          : `\nshould print\n${shown}`;
      if (problem === '') return undefined;
      if (!isLive || look === LOOKS) return `$ ${typed}${problem}\nbut ${printed}`;
    }
  };
});

/** Repeat `work` until the command has ended. */
async function untilOver(running: Promise<unknown>, work: () => Promise<unknown>): Promise<void> {
  const over = running.then(() => true);
  const pause = async (): Promise<boolean> => sleep(20, false);
  do await work();
  while (!(await Promise.race([over, pause()])));
}
