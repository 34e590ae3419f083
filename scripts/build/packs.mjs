// dist/*.pack: the modules that most runs need, each pack in one script, with V8's code cache of it. Which modules and which
// functions those are is found by running commands.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';

const WARM_UP = fileURLToPath(new URL('warm-up.mjs', import.meta.url));

/** Makes them of the program in `folder`, which works without them, too. */
export function packProgram(root, folder) {
  const packs = modulesOfPacks(root, folder);
  const sources = new Map([...packs].map(([pack, modules]) => [pack, sourceOf(modules, folder)]));
  const places = [...packs].flatMap(([pack, modules]) => modules.map((module) => [module, pack]));
  const first = `{bodies:${sources.get('program')},packs:${JSON.stringify(Object.fromEntries(places))}}`;
  const scripts = [...sources].map(([pack, source]) => [
    pack,
    `(${pack === 'program' ? first : `{bodies:${source}}`})`,
  ]);
  for (const [pack, script] of scripts) writePack(folder, pack, script);
  const codeCaches = warmUp(['code-cache', root, folder]);
  for (const [pack, script] of scripts) writePack(folder, pack, script, Buffer.from(codeCaches[pack], 'base64'));
}

/** What every store needs is in the first; what one store alone needs, or a profile file, or a command, in one of its own. */
function modulesOfPacks(root, folder) {
  const [sqlite, redis, profile, remember] = ['sqlite', 'redis', 'profile', 'remember'].map(
    (run) => new Set(warmUp(['modules', root, folder, run])),
  );
  return new Map([
    ['program', [...sqlite].filter((module) => redis.has(module))],
    ['sqlite', minus(sqlite, redis)],
    ['redis', minus(redis, sqlite)],
    ['profile', minus(profile, sqlite, redis)],
    ['remember', minus(remember, sqlite, redis, profile)],
  ]);
}

function minus(set, ...others) {
  return [...set].filter((module) => !others.some((other) => other.has(module)));
}

/** An object of functions, by the paths of the modules: as src/start/packs.ts takes it. */
function sourceOf(modules, folder) {
  const bodies = modules.map((module) => {
    const text = readFileSync(path.join(folder, module), 'latin1');
    return `${JSON.stringify(module)}(exports,require,module,__filename,__dirname){${text}\n}`;
  });
  return `{${bodies.join(',\n')}}`;
}

/** As src/start/pack-script.ts reads it. */
function writePack(folder, pack, script, codeCache = Buffer.alloc(0)) {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(script.length);
  const content = Buffer.concat([length, Buffer.from(script, 'latin1'), codeCache]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(content));
  writeFileSync(path.join(folder, `${pack}.pack`), Buffer.concat([sum, content]));
}

/** What the warm-up comes to. */
function warmUp(args) {
  const scratch = mkdtempSync(path.join(tmpdir(), 'cachectl-build-'));
  try {
    const { PATH = '' } = process.env;
    const { status, signal, stderr } = spawnSync(process.execPath, [WARM_UP, ...args], {
      cwd: scratch,
      env: { PATH, HOME: scratch },
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 120_000,
      killSignal: 'SIGKILL',
    });
    if (status !== 0) throw new Error(`the warm-up ended with ${status ?? signal}: ${stderr}`);
    return JSON.parse(readFileSync(path.join(scratch, 'result.json'), 'utf8'));
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
