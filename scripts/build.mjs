// Check types, bundle src/ into dist/ with type declarations for driver authors, and write oclif.manifest.json, which
// lets oclif list commands without loading them. Start-up is dominated by opening files: bundling turns some seven
// hundred modules into a handful.
import { Plugin } from '@oclif/core';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { buildLibrary } from './build/library.mjs';
import { buildProgram } from './build/program.mjs';
import { writeThirdParty } from './build/third-party.mjs';
import { writeDeclarations } from './build/types.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

// Built in a temporary folder and renamed, so a program started meanwhile sees the old build or the new one.
const temporary = `${root}dist-${process.pid}`;
const former = `${temporary}-former`;
const step = (text) => console.error(`    ${text}`);
try {
  step('checking types and writing declarations');
  writeDeclarations(root, `${temporary}/types`);
  step('bundling the library');
  const library = await buildLibrary(root, temporary);
  step('bundling the program');
  const program = await buildProgram(root, temporary);
  writeThirdParty(root, [library, program], temporary);
  if (existsSync(`${root}dist`)) renameSync(`${root}dist`, former);
  renameSync(temporary, `${root}dist`);
} finally {
  for (const left of [temporary, former]) rmSync(left, { force: true, recursive: true });
}

const plugin = new Plugin({
  errorOnManifestCreate: true,
  ignoreManifest: true,
  respectNoCacheDefault: true,
  root,
  type: 'core',
});
await plugin.load();
// oclif lists commands in file system order. Sort them for a stable manifest.
const commands = Object.fromEntries(Object.entries(plugin.manifest.commands).toSorted(([a], [b]) => (a < b ? -1 : 1)));
const manifest = { ...plugin.manifest, commands };
writeFileSync(`${root}oclif.manifest.json`, `${JSON.stringify(manifest, undefined, 2)}\n`);
console.log(`built ${Object.keys(commands).length} commands`);
