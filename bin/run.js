#!/usr/bin/env node
// CommonJS: Node would take a twentieth longer to start if this were an ES module.
const { existsSync, mkdirSync, statSync } = require('node:fs');
const { dirname, join } = require('node:path');

const { cacheName, load } = require('./load.js');

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
    if (process.getuid && !isOurs(statSync(users))) return;
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

/** Whether no other user can replace what lies in there. Where each user has a group, the group may write. */
function isOurs({ mode, uid }) {
  return uid === process.getuid() && (mode & 0o1002) !== 0o002;
}

function isThere(folder) {
  return statSync(folder, { throwIfNoEntry: false }) !== undefined;
}

const dist = join(__dirname, '../dist');
const argv = process.argv.slice(2);
const folder = process.env.NODE_DISABLE_COMPILE_CACHE ? undefined : cacheFolder(process.env);
load(join(dist, 'main.cjs'), folder && join(folder, cacheName(commandOf(argv)))).main(argv, dirname(__dirname));

/** The command in `argv`, as a file name. Help and mistakes share one. */
function commandOf([word = '']) {
  const isCommand = /^[a-z:]+$/.test(word) && existsSync(join(dist, 'commands', `${word.replaceAll(':', '/')}.cjs`));
  return isCommand ? word.replaceAll(':', '-') : 'help';
}
