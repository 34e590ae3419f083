#!/usr/bin/env node
// CommonJS: Node would take a twentieth longer to start if this were an ES module.
const { mkdirSync, statSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { dirname, join } = require('node:path');

// Libraries that see DEBUG print command lines and passwords. src/runtime/environment.ts gives it back to commands.
globalThis[Symbol.for('cachectl.DEBUG')] = process.env.DEBUG;
delete process.env.DEBUG;

/**
 * The program's folder for caches. None where the user's folder is another user's, as under sudo, or where others can
 * write into the program's: Node runs what lies in there.
 */
function cacheFolder({ HOME, LOCALAPPDATA, XDG_CACHE_HOME }) {
  const users = XDG_CACHE_HOME || LOCALAPPDATA || (HOME && join(HOME, '.cache'));
  try {
    if (!isThere(users)) mkdirSync(users, { mode: 0o700 });
    if (process.getuid && statSync(users).uid !== process.getuid()) return;
    const ours = join(users, 'cachectl');
    // Node itself never returns where the system makes no folders, as under /proc.
    if (!isThere(ours)) mkdirSync(ours, { mode: 0o700 });
    return isPrivate(ours) ? ours : undefined;
  } catch {
    // It is only a cache.
  }
}

function isPrivate(folder) {
  if (!process.getuid) return true;
  const { mode, uid } = statSync(folder);
  return uid === process.getuid() && (mode & 0o022) === 0;
}

function isThere(folder) {
  return statSync(folder, { throwIfNoEntry: false }) !== undefined;
}

// Node 22.8 and newer keep there what they compiled. Without it they compile it again.
const folder = enableCompileCache && cacheFolder(process.env);
if (folder) enableCompileCache(folder);
require('../dist/main.cjs').main(process.argv.slice(2), dirname(__dirname));
