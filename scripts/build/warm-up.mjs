// Runs commands in the program of a build, in this process, and leaves in result.json what came of it:
// `modules ROOT FOLDER STORE`: which modules of the program were loaded; `code-cache ROOT FOLDER`: V8's code cache of each pack.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { startRedisStub } from './redis-stub.mjs';

const [what, root, folder, only] = process.argv.slice(2);
const require = createRequire(path.join(folder, 'start.cjs'));
const redis = `redis://127.0.0.1:${await startRedisStub()}/1?prefix=shop-`;
writeFileSync('cachectl.yaml', 'default: local\nprofiles:\n  local: { driver: sqlite, path: cache.sqlite }\n');
const STORES = { sqlite: ['--url', 'sqlite:cache.sqlite'], redis: ['--url', redis], profile: [] };

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

if (what === 'modules') {
  await warmUp(require('./cli/main.cjs'), [only]);
  const loaded = Object.keys(require.cache).map((module) => path.relative(folder, module).replaceAll(path.sep, '/'));
  leave(loaded.filter((name) => /^(?!\.\.\/).*\.cjs$/.test(name) && name !== 'start.cjs'));
} else {
  const packs = new (require('./start.cjs').Packs)(folder);
  await warmUp(packs.require('./cli/main.cjs'), Object.keys(STORES));
  const caches = [...packs.scripts].map(([pack, script]) => [pack, script.createCachedData().toString('base64')]);
  leave(Object.fromEntries(caches));
}

async function warmUp({ perform }, stores) {
  for (const store of stores) {
    for (const command of COMMANDS) {
      await perform([...command, ...STORES[store]], root);
      if (process.exitCode > 1) throw new Error(`${command.join(' ')} on ${store} exited with ${process.exitCode}`);
    }
  }
}

function leave(result) {
  writeFileSync('result.json', JSON.stringify(result));
  process.exit(0);
}
