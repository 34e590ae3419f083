// Loads the program with V8's code cache. The compile cache of Node 22 and newer lacks every function that V8 compiles
// when it is first called, which are most, and Node 20 has no such cache.
const { existsSync, readFileSync, renameSync, rmSync, writeFileSync } = require('node:fs');
const { dirname } = require('node:path');
const { cachedDataVersionTag, deserialize, serialize, setFlagsFromString } = require('node:v8');
const { Script } = require('node:vm');
const { crc32 } = require('node:zlib');

module.exports = { cacheName, load };

/** The V8 flag that src/runtime/heap-tuning.ts has set, and V8's own value. */
const flag = { tuned: undefined, standard: undefined };
globalThis[Symbol.for('cachectl.tunedFlag')] = flag;

/**
 * Load a CommonJS file and those that it requires.
 * @param main absolute path
 * @param cache the file of the code cache. Written when the process ends, if files were loaded that it does not hold
 * @returns what `main` exports
 */
function load(main, cache) {
  const known = cache === undefined ? {} : readCache(cache);
  const modules = new Map();
  let isWhole = true;

  function loaded(file) {
    const earlier = modules.get(file);
    if (earlier) return earlier.exports;
    const source = readFileSync(file);
    const crc = crc32(source);
    const script = compiled(file, source, known[file]?.crc === crc ? known[file].code : undefined);
    isWhole &&= script.cachedDataRejected === false;
    const module = { exports: {}, crc, script };
    modules.set(file, module);
    const folder = dirname(file);
    const requireHere = (id) => (id.startsWith('.') ? loaded(joined(folder, id)) : require(id));
    requireHere.resolve = require.resolve;
    script.runInThisContext()(module.exports, requireHere, module, file, importModule);
    return module.exports;
  }

  process.on('exit', () => {
    if (cache !== undefined && !isWhole) withoutTuning(() => writeCache(cache, known, modules));
  });
  return loaded(main);
}

/** A file name for the cache of a command. It belongs to this version of Node, with its flags, and to this program. */
function cacheName(command) {
  const { arch, version } = process;
  return `${command}-${crc32([version, arch, cachedDataVersionTag(), __dirname].join(' ')).toString(16)}`;
}

/** Like `join` of node:path, which goes through each character, for a path that begins with `./` or `../`. */
function joined(folder, relative) {
  if (relative.startsWith('./')) return `${folder}/${relative.slice(2)}`;
  return joined(dirname(folder), relative.slice(relative.startsWith('../../') ? 3 : 1));
}

/** @throws SyntaxError */
function compiled(filename, source, cachedData) {
  const code = `(function(exports,require,module,__filename,importModule){${source}\n})`;
  return withoutTuning(() => new Script(code, { filename, cachedData }));
}

/** In place of import(), for which code from V8's cache has no loader. */
async function importModule(id) {
  return import(id);
}

/** V8 rejects code that was compiled with other flags. */
function withoutTuning(work) {
  if (flag.tuned === undefined) return work();
  setFlagsFromString(flag.standard);
  try {
    return work();
  } finally {
    setFlagsFromString(flag.tuned);
  }
}

/** The compiled code by file name. None if the cache is damaged: V8 would crash. */
function readCache(cache) {
  try {
    const bytes = readFileSync(cache);
    const content = bytes.subarray(4);
    return crc32(content) === bytes.readUInt32LE() ? deserialize(content) : {};
  } catch {
    return {};
  }
}

/** Write what V8 has compiled up to now, beside what is known of files that this run did not load. */
function writeCache(cache, known, modules) {
  const part = `${cache}.${process.pid}`;
  try {
    // Where it cannot be written, this fails before the work.
    writeFileSync(part, '', { flag: 'wx', mode: 0o600 });
    const kept = Object.entries(known).filter(([file]) => existsSync(file));
    const added = [...modules].map(([file, { crc, script }]) => [file, { crc, code: script.createCachedData() }]);
    const content = serialize(Object.fromEntries([...kept, ...added]));
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32LE(crc32(content));
    writeFileSync(part, Buffer.concat([checksum, content]));
    renameSync(part, cache);
  } catch {
    // It is only a cache.
    try {
      rmSync(part, { force: true });
    } catch {
      // Its folder is no longer one.
    }
  }
}
