// Checks the types, bundles src/ into dist/ and writes oclif.manifest.json, from which oclif knows the commands without
// loading them. Bundled because start-up is mostly the opening of files: some seven hundred modules become a handful,
// cut so that a driver, a prompt or the YAML reader is loaded when it is needed, as the sources have it.
import { Plugin } from '@oclif/core';
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const tsc = spawnSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '--noEmit', '-p', root], {
  stdio: 'inherit',
});
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

const commands = readdirSync(`${root}src/commands`, { recursive: true })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => path.join('src/commands', file));

// Made aside and put in place whole, so that whoever runs the program meanwhile has the old one or the new.
const aside = `${root}dist-${process.pid}`;
await build({
  absWorkingDir: root,
  entryPoints: ['src/cli/main.ts', 'src/cli/help.ts', ...commands],
  outbase: 'src',
  outdir: aside,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // A binary; and what oclif looks for when it runs from TypeScript, which a build never does.
  external: ['better-sqlite3', 'ts-node', 'tsx', 'typescript'],
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
