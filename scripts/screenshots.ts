// Draw the pictures of docs/images: run commands on a terminal, on a Redis with the profile of docs/on-call.md. Needs
// redis-server, script (util-linux) and a free port 6379: npm run build && npx tsx scripts/screenshots.ts
import type { Terminal } from '@xterm/headless';

import { Redis } from 'ioredis';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { profileFilesOf } from '../test/docs/pages.js';
import { filled, looked, NO_WAITERS, overfull, waiter } from '../test/docs/scenes.js';
import { Shell } from '../test/docs/shell.js';
import { drawn } from '../test/support/screen.js';
import { svgOf } from './terminal-svg.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const IMAGES = path.join(ROOT, 'docs', 'images');
const COLUMNS = 112;
const LOCK = 'shop-cache-deploy';

/** A picture: its file, what is typed, and what happens before and meanwhile. */
interface Picture {
  readonly name: string;
  readonly command: string;
  first?(redis: Redis, shell: Shell): Promise<unknown>;
  /** Ends when the command has. */
  meanwhile?(redis: Redis, isOver: () => boolean): Promise<unknown>;
}

const PICTURES: readonly Picture[] = [
  { name: 'lock-show', command: 'cachectl lock:show deploy', first: contended },
  { name: 'lock-watch', command: 'cachectl lock:watch deploy --for 6s', first: contended, meanwhile: released },
  { name: 'doctor', command: 'cachectl doctor', first: full },
  { name: 'top', command: 'cachectl top --by prefix --enable --for 5s', first: full, meanwhile: busy },
  {
    name: 'events-tail',
    command: 'cachectl events:tail --enable --type KeyEvicted --type CacheMissed --limit 12',
    first: full,
    meanwhile: busy,
  },
];

/** Someone on runner-7 has held the lock for 48 minutes; two others wait. */
async function contended(redis: Redis, shell: Shell): Promise<void> {
  await shell.run(NO_WAITERS);
  const since = (Date.now() - 48 * 60_000).toString(16).padStart(12, '0');
  await redis.set(LOCK, `cachectl:ci@runner-7:4711:${since}b005a35a2d3aaaaaa41b`, 'PX', 3_590_000);
  await shell.run(waiter('runner-8', 1634));
  await shell.run(waiter('runner-9', 1635));
  await sleep(4000);
}

async function released(redis: Redis, isOver: () => boolean): Promise<void> {
  for (const pause of [2500, 1500, 1500]) {
    await sleep(pause);
    if (!isOver()) await redis.del(LOCK);
  }
}

async function full(redis: Redis, shell: Shell): Promise<void> {
  await shell.run(NO_WAITERS);
  await redis.flushall();
  await filled(redis);
  await overfull(redis);
}

/** An application reads entries that were evicted, and writes others. */
async function busy(redis: Redis, isOver: () => boolean): Promise<void> {
  await sleep(500);
  while (!isOver()) {
    await overfull(redis, 3);
    await looked(redis);
    await sleep(400);
  }
}

async function main(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-screenshots-'));
  const server = spawn('redis-server', ['--port', '6379', '--bind', '127.0.0.1', '--save', '', '--dir', folder]);
  const redis = new Redis('redis://127.0.0.1:6379/1', { retryStrategy: () => 50 });
  redis.on('error', () => {
    // Until it listens.
  });
  // Its path is in a picture.
  const shop = '/tmp/shop';
  mkdirSync(shop);
  mkdirSync(IMAGES, { recursive: true });
  writeFileSync(path.join(shop, 'cachectl.yaml'), profileFilesOf('docs/on-call.md')[0]!, { mode: 0o600 });
  const program = path.join(folder, 'cachectl');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${ROOT}/bin/run.js' "$@"\n`);
  chmodSync(program, 0o755);
  const env = { PATH: `${folder}:${process.env.PATH}`, HOME: folder, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8' };
  const shell = new Shell(shop, env);
  try {
    for (const picture of PICTURES) {
      const terminal = await taken(picture, redis, shell);
      writeFileSync(path.join(IMAGES, `${picture.name}.svg`), svgOf(terminal, picture.command));
    }
  } finally {
    await shell.end();
    redis.disconnect();
    server.kill();
    rmSync(folder, { force: true, recursive: true });
    rmSync(shop, { force: true, recursive: true });
  }
}

async function taken({ command, first, meanwhile }: Picture, redis: Redis, shell: Shell): Promise<Terminal> {
  await first?.(redis, shell);
  let isOver = false;
  const running = shell.run(command, true, COLUMNS);
  const over = running.finally(() => {
    isOver = true;
  });
  await meanwhile?.(redis, () => isOver);
  const { code, sent } = await over;
  if (code !== 0) throw new Error(`${command} exited ${code}: ${sent}`);
  return drawn(sent, COLUMNS);
}

await main();
