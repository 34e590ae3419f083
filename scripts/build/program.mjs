// The program: src/cli/main.ts and the commands, as CommonJS, which Node loads faster than ES modules, and from which a
// code cache can be made. Cut in chunks, so that a driver, a prompt or the YAML reader is loaded when it is needed, as the
// sources have it.
import { build, transform } from 'esbuild';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { withLazyRequires } from './lazy-requires.mjs';
import { withPlainExports } from './plain-exports.mjs';
import { withoutNeedlessNames } from './plain-names.mjs';

/** What oclif looks for when it runs from TypeScript, which a build never does. */
const EXTERNAL = ['ts-node', 'tsx', 'typescript'];

/** Writes it into `folder`. */
export async function buildProgram(root, folder) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['src/cli/main.ts', 'src/cli/help.ts', ...commandFiles(root)],
    outbase: 'src',
    outdir: folder,
    chunkNames: 'program/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: EXTERNAL,
    // For stack traces.
    keepNames: true,
    legalComments: 'linked',
    define: { 'import.meta.url': MODULE_URL },
    plugins: [lazyPackages, parsedJson, silentDebug, knownToTheBuild(root)],
    write: false,
  });
  for (const { path: file, text } of outputFiles) {
    mkdirSync(path.dirname(file), { recursive: true });
    if (file.endsWith('.js')) writeFileSync(file.replace(/js$/, 'cjs'), await asCommonJs(text));
    else writeFileSync(file, text);
  }

  await build({
    absWorkingDir: root,
    entryPoints: ['src/start/start.ts'],
    outfile: path.join(folder, 'start.cjs'),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
  });
}

/** Relative to `root`. */
export function commandFiles(root) {
  return readdirSync(`${root}src/commands`, { recursive: true })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.join('src/commands', file));
}

const MODULE_URL = '__moduleUrl';

/** Packages of CommonJS that are large, or load what is. */
const lazyPackages = {
  name: 'lazy packages',
  setup({ onLoad }) {
    onLoad(
      { filter: /node_modules[\\/](?:@oclif[\\/]core|@?ioredis|redis-errors|yaml)[\\/].*\.js$/ },
      ({ path: file }) => ({
        contents: withLazyRequires(file.endsWith(COMMANDER) ? withFastMethods(file) : readFileSync(file, 'utf8')),
      }),
    );
  },
};

const COMMANDER = path.join('ioredis', 'built', 'utils', 'Commander.js');

/**
 * ioredis gives a prototype six hundred methods, one by one. V8 lays out the object anew for each, which takes as long as
 * all the rest of loading it, unless the object has lost a member: then it keeps them in a table.
 */
function withFastMethods(file) {
  const text = readFileSync(file, 'utf8');
  const loop = 'commands.forEach(';
  if (!text.includes(loop)) throw new Error(`${file} is not what it was: look how it makes its methods now`);
  return text.replace(
    loop,
    `Object.assign(Commander.prototype, { a: 0, b: 0 });\nfor (const name of "ab") delete Commander.prototype[name];\n${loop}`,
  );
}

/** Parsed when it is used: that is faster than a literal, and less to keep in a code cache. */
const parsedJson = {
  name: 'parsed JSON',
  setup({ onLoad }) {
    onLoad({ filter: /\.json$/ }, ({ path: file }) => ({
      contents: `module.exports = JSON.parse(${JSON.stringify(JSON.stringify(JSON.parse(readFileSync(file, 'utf8'))))});`,
    }));
  },
};

/** The package `debug`, which prints what DEBUG asks for: nothing, since bin/run.js takes that away. */
const silentDebug = {
  name: 'silent debug',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^debug$/ }, () => ({ path: 'debug', namespace: 'silent' }));
    onLoad({ filter: /./, namespace: 'silent' }, () => ({
      contents:
        'module.exports = () => Object.assign(() => {}, { enabled: false }); module.exports.default = module.exports;',
    }));
  },
};

/** What src/cli/built.ts says of the program that is built. */
function knownToTheBuild(root) {
  const contents = () => {
    const { name, version, oclif } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
    const commands = commandFiles(root).map((file) => {
      const id = path.relative('src/commands', file).replace(/\.ts$/, '').split(path.sep).join(':');
      return `${JSON.stringify(id)}: () => import(${JSON.stringify(`../../${file.split(path.sep).join('/')}`)})`;
    });
    return `export const BUILT = {
      package: ${JSON.stringify({ name, version, oclif })},
      commands: { ${commands.join(',\n')} },
    };`;
  };

  return {
    name: 'known to the build',
    setup({ onLoad }) {
      onLoad({ filter: /src[\\/]cli[\\/]built\.ts$/ }, () => ({ contents: contents() }));
    },
  };
}

/** A chunk of ES modules as CommonJS. What it imports of others is loaded when it is used. */
async function asCommonJs(text) {
  const renamed = text
    .replaceAll(/\b(from |import )"(\.[^"]+)\.js"/g, '$1"$2.cjs"')
    .replaceAll(/\bimport\("(\.[^"]+)\.js"\)/g, '__load("$1.cjs")');
  // While a chunk's own import of `__name` goes by that name.
  const { code } = await transform(withoutNeedlessNames(renamed), {
    format: 'cjs',
    platform: 'node',
    target: 'node20',
  });
  const lazy = await transform(withLazyRequires(withPlainExports(code)), {
    platform: 'node',
    target: 'node20',
    // What made the exports is left over.
    treeShaking: true,
    minifySyntax: true,
    minifyWhitespace: true,
  });
  const head = [
    ['__load(', 'const __load=async(id)=>require(id);'],
    [MODULE_URL, `const ${MODULE_URL}=require("node:url").pathToFileURL(__filename).href;`],
  ];
  return head.map(([word, definition]) => (renamed.includes(word) ? definition : '')).join('') + lazy.code;
}
