// Checks the types, bundles src/ into dist/, with declarations of what authors of drivers import, and writes
// oclif.manifest.json, from which oclif knows the commands without loading them. Bundled because start-up is mostly the
// opening of files: some seven hundred modules become a handful, cut so that a driver, a prompt or the YAML reader is
// loaded when it is needed, as the sources have it.
import { Plugin } from '@oclif/core';
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

// Made aside and put in place whole, so that whoever runs the program meanwhile has the old one or the new.
const aside = `${root}dist-${process.pid}`;
const types = `${aside}/types`;
const tsc = spawnSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, '-p', root, '--emitDeclarationOnly', '--outDir', types],
  { stdio: 'inherit' },
);
if (tsc.status !== 0) {
  rmSync(aside, { force: true, recursive: true });
  process.exit(tsc.status ?? 1);
}

keepDeclarationsOf('index.d.ts', 'testing/index.d.ts');

const commands = readdirSync(`${root}src/commands`, { recursive: true })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => path.join('src/commands', file));

await build({
  absWorkingDir: root,
  // One build, so that the program and a driver beside it share what they are made of.
  entryPoints: [
    'src/cli/main.ts',
    'src/cli/help.ts',
    ...commands,
    'src/index.ts',
    'src/testing/index.ts',
    'src/testing/worker.ts',
  ],
  outbase: 'src',
  outdir: aside,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // A binary; what oclif looks for when it runs from TypeScript, which a build never does; what tests of drivers bring.
  external: ['better-sqlite3', 'chai', 'mocha', 'ts-node', 'tsx', 'typescript'],
  // Names stay, for stack traces.
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  legalComments: 'linked',
  // CommonJS packages among the bundled ones ask for these.
  banner: {
    js: [
      "import{createRequire as __createRequire}from'node:module';",
      "import{dirname as __pathDirname}from'node:path';",
      "import{fileURLToPath as __urlToPath}from'node:url';",
      'const require=__createRequire(import.meta.url);',
      'const __filename=__urlToPath(import.meta.url);',
      'const __dirname=__pathDirname(__filename);',
    ].join(''),
  },
});

rmSync(`${root}dist`, { force: true, recursive: true });
renameSync(aside, `${root}dist`);

const plugin = new Plugin({
  errorOnManifestCreate: true,
  ignoreManifest: true,
  respectNoCacheDefault: true,
  root,
  type: 'core',
});
await plugin.load();
writeFileSync(`${root}oclif.manifest.json`, `${JSON.stringify(plugin.manifest, undefined, 2)}\n`);
console.log(`built ${Object.keys(plugin.manifest.commands).length} commands`);

/** Removes the declarations that these do not lead to. */
function keepDeclarationsOf(...entries) {
  const kept = new Set(entries);
  for (const file of kept) {
    const text = readFileSync(path.join(types, file), 'utf8');
    for (const [, module] of text.matchAll(/(?:from |import\()['"](\.[^'"]+)\.js['"]/g)) {
      kept.add(path.join(path.dirname(file), `${module}.d.ts`));
    }
  }

  for (const file of readdirSync(types, { recursive: true })) {
    if (file.endsWith('.ts') && !kept.has(file)) rmSync(path.join(types, file));
  }
}
