// Checks the types, bundles src/ into dist/, with declarations of what authors of drivers import, and writes
// oclif.manifest.json, from which oclif knows the commands without loading them. Bundled because start-up is mostly the
// opening of files: some seven hundred modules become a handful.
import { Plugin } from '@oclif/core';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { buildLibrary } from './build/library.mjs';
import { buildProgram } from './build/program.mjs';
import { writeThirdParty } from './build/third-party.mjs';
import { writeDeclarations } from './build/types.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

// Made aside and put in place whole, so that whoever runs the program meanwhile has the old one or the new.
const aside = `${root}dist-${process.pid}`;
const former = `${aside}-former`;
const step = (text) => console.error(`    ${text}`);
try {
  step('checking types and writing declarations');
  writeDeclarations(root, `${aside}/types`);
  step('bundling the library');
  const library = await buildLibrary(root, aside);
  step('bundling the program');
  const program = await buildProgram(root, aside);
  writeThirdParty(root, [library, program], aside);
  if (existsSync(`${root}dist`)) renameSync(`${root}dist`, former);
  renameSync(aside, `${root}dist`);
} finally {
  for (const left of [aside, former]) rmSync(left, { force: true, recursive: true });
}

const plugin = new Plugin({
  errorOnManifestCreate: true,
  ignoreManifest: true,
  respectNoCacheDefault: true,
  root,
  type: 'core',
});
await plugin.load();
// oclif has them in the order in which the file system gives them.
const commands = Object.fromEntries(Object.entries(plugin.manifest.commands).toSorted(([a], [b]) => (a < b ? -1 : 1)));
const manifest = { ...plugin.manifest, commands };
writeFileSync(`${root}oclif.manifest.json`, `${JSON.stringify(manifest, undefined, 2)}\n`);
console.log(`built ${Object.keys(commands).length} commands`);
