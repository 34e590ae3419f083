// Bundle src/main.ts and the commands as CommonJS, which Node loads faster than ES modules. Dynamic imports become
// chunks, so drivers, prompts and the YAML parser are loaded on demand.
import { build, transform } from 'esbuild';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { withLazyRequires } from './lazy-requires.mjs';

/** Write the program to `folder`. Returns esbuild's metafile. */
export async function buildProgram(root, folder) {
  const files = readdirSync(`${root}src/commands`, { recursive: true }).filter((file) => file.endsWith('.ts'));
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['src/main.ts', ...files.map((file) => `src/commands/${file}`)],
    outbase: 'src',
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    chunkNames: 'program/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // oclif imports these only when it runs from TypeScript sources.
    external: ['ts-node', 'tsx', 'typescript'],
    // bin/run.js clears DEBUG, so the real package would print nothing either. Node's URL does what whatwg-url does.
    alias: { debug: 'data:text/javascript,export default () => Object.assign(() => {}, {})', 'whatwg-url': 'node:url' },
    legalComments: 'linked',
    define: { 'import.meta.url': '__moduleUrl' },
    plugins: [lazyPackages(root)],
    metafile: true,
    write: false,
  });
  for (const { path: file, text } of outputFiles) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, file.endsWith('.cjs') ? await asCommonJs(text) : text);
  }

  return metafile;
}

const { list: commands } = createRequire(createRequire(import.meta.url).resolve('ioredis'))('@ioredis/commands');

/** What oclif and drivers require for plugins, help, errors, clusters and encryption. Most runs load none of it. */
const PACKAGES = 'ejs|lilconfig|minimatch|tinyglobby';
const FILES = 'plugin|plugin-loader|ts-path|module-loader|performance|help|ClusterSubscriberGroup|ConnectionPool';
const FOLDERS = 'ux|errors|gridfs|client-side-encryption';
const RARE = new RegExp(String.raw`^(?:${PACKAGES}|[./]+(?:${FILES}|(?:${FOLDERS})(?:/.+)?))$`);

/**
 * Lazy requires in large CommonJS packages. ioredis defines two methods for each of 300 commands, which takes 15 % of
 * the CPU time of a `get`. Keep those that code calls. The others work with `call`, and their table loads on demand.
 */
function lazyPackages(root) {
  const code = ['src/stores/redis', 'node_modules/ioredis/built']
    .flatMap((folder) => readdirSync(root + folder, { recursive: true }).map((file) => path.join(root, folder, file)))
    .filter((file) => /(?<!\.d)\.[jt]s$/.test(file))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const list = commands.filter((name) => {
    // Also `redis[isReplica ? "readonly" : "readwrite"]()`.
    const called = String.raw`\.${name}(?:Buffer)?\b|\[[^\]\n]*"${name}"[^\]\n]*\]\(`;
    return new RegExp(called).test(code);
  });
  const table = `exports.list = ${JSON.stringify(list)};
    for (const name of ['exists', 'hasFlag', 'getKeyIndexes'])
      exports[name] = (...args) => inOwnChunk(import('./index.js?table'))[name](...args);`;
  return {
    name: 'lazy packages',
    setup({ onLoad }) {
      const filter = /node_modules[\\/](?:@oclif[\\/]core|@?ioredis|redis-errors|yaml|mongodb)[\\/].*\.js$/;
      onLoad({ filter }, ({ path: file, suffix }) => {
        const isTable = /@ioredis[\\/]commands[\\/]built[\\/]index\.js$/.test(file) && suffix === '';
        return { contents: isTable ? table : withLazyRequires(readFileSync(file, 'utf8'), RARE) };
      });
    },
  };
}

/** Convert a chunk from ES modules to CommonJS with lazy requires. */
async function asCommonJs(text) {
  const required = text
    .replaceAll(/\binOwnChunk\(import\("(\.[^"]+)"\)\)/g, 'require("$1").default')
    // import() would use Node's slower ES module loader, which code from V8's cache cannot reach.
    .replaceAll(/\bimport\("((?:\.|node:)[^"]+|os)"\)/g, 'Promise.resolve().then(()=>require("$1"))')
    // esbuild's own CommonJS defines each export twice whenever it is loaded.
    .replace(/^([^]*)^export \{([^}]+)\};$/m, (_, code, names) => `module.exports={${asGetters(names)}};${code}`);
  const { code } = await transform(required, { target: 'node20', format: 'cjs' });
  const minified = { target: 'node20', minifySyntax: true, minifyWhitespace: true };
  const { code: lazy } = await transform(withLazyRequires(code), minified);
  const program = lazy.replaceAll('__moduleUrl', 'require("node:url").pathToFileURL(__filename).href');
  // Of a module that is not part of the program. bin/load.js passes this.
  return program.replaceAll(/\bimport\((?=[\w(])/g, 'importModule(');
}

const asGetters = (names) =>
  names.replaceAll(/([\w$]+)(?: as ([\w$]+))?/g, (_, name, as = name) => `get ${as}() { return ${name}; }`);
