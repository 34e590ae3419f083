// Compiles src/ to dist/ and writes oclif.manifest.json, from which oclif knows the commands without loading them.
import { Plugin } from '@oclif/core';
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifestFile = `${root}oclif.manifest.json`;

rmSync(`${root}dist`, { force: true, recursive: true });
const tsc = spawnSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', root], { stdio: 'inherit' });
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

rmSync(manifestFile, { force: true });
const plugin = new Plugin({
  errorOnManifestCreate: true,
  ignoreManifest: true,
  respectNoCacheDefault: true,
  root,
  type: 'core',
});
await plugin.load();
writeFileSync(manifestFile, `${JSON.stringify(plugin.manifest, undefined, 2)}\n`);
console.log(`built ${Object.keys(plugin.manifest.commands).length} commands`);
