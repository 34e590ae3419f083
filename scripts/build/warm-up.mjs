// Runs commands in the program of a build, in this process, and leaves in result.json what came of it:
// `modules ROOT FOLDER RUN`: which modules of the program were loaded; `code-cache ROOT FOLDER`: V8's code cache of each pack.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { startRedisStub } from './redis-stub.mjs';

const [what, root, folder, only] = process.argv.slice(2);
const require = createRequire(path.join(folder, 'start.cjs'));
const redis = `redis://127.0.0.1:${await startRedisStub()}/1?prefix=shop-`;
writeFileSync('cachectl.yaml', 'default: local\nprofiles:\n  local: { driver: sqlite, path: cache.sqlite }\n');

const SQLITE = ['--url', 'sqlite:cache.sqlite'];

/** What people run in prompts, loops and scripts: that is where start-up counts. */
const COMMANDS = [
  ['put', 'key', 'value', '--ttl', '1m'],
  ['get', 'key'],
  ['get', 'key', '--json'],
  ['get', 'key', 'none'],
  ['lock:acquire', 'name', '--ttl', '1m', '--owner', 'me'],
  ['lock:release', 'name', '--owner', 'me'],
  ['forget', 'key', '--yes'],
];

/** By the packs that they lead to. */
const RUNS = {
  sqlite: COMMANDS.map((command) => [...command, ...SQLITE]),
  redis: COMMANDS.map((command) => [...command, '--url', redis]),
  profile: [
    ['put', 'key', 'value'],
    ['get', 'key'],
  ],
  remember: ['miss', 'hit'].map(() => ['remember', 'key:remembered', '--ttl', '1m', ...SQLITE, '--', 'true']),
};

if (what === 'modules') {
  await warmUp(require('./cli/main.cjs'), [only]);
  const loaded = Object.keys(require.cache).map((module) => path.relative(folder, module).replaceAll(path.sep, '/'));
  leave(loaded.filter((name) => /^(?!\.\.\/).*\.cjs$/.test(name) && name !== 'start.cjs'));
} else {
  const packs = new (require('./start.cjs').Packs)(folder);
  await warmUp(packs.require('./cli/main.cjs'), Object.keys(RUNS));
  const caches = [...packs.scripts].map(([pack, script]) => [pack, script.createCachedData().toString('base64')]);
  leave(Object.fromEntries(caches));
}

async function warmUp({ perform }, runs) {
  for (const args of runs.flatMap((run) => RUNS[run])) {
    await perform(args, root);
    if (process.exitCode > 1) throw new Error(`${args.join(' ')} exited with ${process.exitCode}`);
  }
}

function leave(result) {
  writeFileSync('result.json', JSON.stringify(result));
  process.exit(0);
}
