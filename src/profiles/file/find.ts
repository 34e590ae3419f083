import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

import { ConfigError } from '../../errors.js';
import { systemReason } from '../../system-errors.js';

/** Tried in this order in each folder. */
const FILE_NAMES = ['cachectl.yaml', 'cachectl.yml'];

/** Find the profile file, from `cwd` upward, then in the user's configuration folder. Undefined if there is none. */
export function findProfileFile(cwd: string, env: NodeJS.ProcessEnv): string | undefined {
  for (const folder of [...upward(cwd), userFolder('config', env)]) {
    for (const name of FILE_NAMES) {
      const file = path.join(folder, name);
      if (exists(file)) return file;
    }
  }

  return undefined;
}

/** cachectl's folder of that kind: `~/.config/cachectl`, `~/.local/share/cachectl`, `~/.cache/cachectl`. */
export function userFolder(kind: 'cache' | 'config' | 'data', env: NodeJS.ProcessEnv): string {
  const { variable, windows, customary } = USER_FOLDERS[kind];
  // The XDG specification says to ignore a relative path.
  const candidates = [env[variable], process.platform === 'win32' ? env[windows] : undefined];
  const parent = candidates.find((candidate) => candidate !== undefined && path.isAbsolute(candidate));
  return path.join(parent ?? path.join(homeFolder(env), customary), 'cachectl');
}

/** The meaning of `~`. A user without an account, as in containers, has the home `/`, as in Docker. */
export function homeFolder(env: NodeJS.ProcessEnv): string {
  if (env.HOME) return env.HOME;
  try {
    return homedir();
  } catch {
    return path.parse(process.cwd()).root;
  }
}

const USER_FOLDERS = {
  cache: { variable: 'XDG_CACHE_HOME', windows: 'LOCALAPPDATA', customary: '.cache' },
  config: { variable: 'XDG_CONFIG_HOME', windows: 'APPDATA', customary: '.config' },
  data: { variable: 'XDG_DATA_HOME', windows: 'LOCALAPPDATA', customary: path.join('.local', 'share') },
} as const;

function* upward(from: string): Generator<string> {
  let folder = path.resolve(from);
  for (;;) {
    yield folder;
    const parent = path.dirname(folder);
    if (parent === folder) return;
    folder = parent;
  }
}

/** An unreadable folder may hold the intended file. Continuing would pick another cache. */
function exists(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return false;
    throw new ConfigError(
      `cannot look for ${file}: ${systemReason(error)}`,
      'Name the profile file with --config, or run from a folder that you can read.',
    );
  }
}
