import { existsSync } from 'node:fs';
import path from 'node:path';

import type { Profile } from '../profiles/profile.js';
import type { StatedProfile } from '../profiles/stated.js';
import type { Overview } from './help.js';

import { CachectlError } from '../errors.js';
import { maskUrl } from '../profiles/mask.js';
import { readWithoutSecrets } from './read-profile.js';
import { chooseProfile, type Chosen, selectedBy } from './select-profile.js';

/** The store that commands would use, why, and the most useful next commands. Connects to nothing, and loads no driver. */
export async function overview(): Promise<Overview> {
  const chosen = chooseProfile({});
  const choice = { ...chosen.choice, warn: ignore, note: ignore };
  try {
    const { stated, profile } = await readWithoutSecrets({ ...chosen, choice });
    const isLaravel = stated.isBuiltIn === true && existsSync(path.join(choice.cwd, 'artisan'));
    return { store: [storeText(stated, profile, chosen)], next: nextCommands(stated, isLaravel) };
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    const next = [
      ['cachectl profile:check', 'Show every mistake in the profile file'],
      ['cachectl profile:list', 'List the profiles'],
      ['cachectl profile:init', 'Create a profile'],
    ];
    return { store: [error.message, error.hint], next };
  }
}

function storeText(stated: StatedProfile, profile: Profile, chosen: Chosen): string {
  const where = `${profile.driver === 'custom' ? profile.module : profile.driver} ${addressOf(profile)}`.trimEnd();
  if (stated.isBuiltIn) return `${where}: cachectl's own, since there is no cachectl.yaml`;
  if (chosen.urlBy !== undefined) return `${where}, selected by ${chosen.urlBy}`;
  const file = path.relative(chosen.choice.cwd, stated.file!) || stated.file!;
  const by = selectedBy(chosen, stated);
  const reason = { default: `the default of ${file}`, only: `the only one in ${file}` }[by] ?? `selected by ${by}`;
  return `profile ${stated.name}, ${reason}: ${where}`;
}

/** Enough to recognize the store. */
function addressOf(profile: Profile): string {
  switch (profile.driver) {
    case 'memcached': {
      return profile.servers
        .map((server) => ('socket' in server ? server.socket : `${server.host}:${server.port}`))
        .join(', ');
    }

    case 'mongodb': {
      return maskUrl(profile.url);
    }

    case 'redis': {
      const { socket, nodes, primary, database } = profile.connection;
      const places = socket ?? nodes.map(({ host, port }) => `${host}:${port}`).join(', ');
      return `${places}${primary === undefined ? '' : ` (primary ${primary})`}, database ${database}`;
    }

    default: {
      return 'path' in profile ? profile.path : '';
    }
  }
}

function nextCommands({ isBuiltIn }: StatedProfile, isLaravel: boolean): Overview['next'] {
  if (isLaravel) {
    return [
      ['cachectl doctor --laravel .', 'Check the cache of the Laravel application in this folder'],
      ['cachectl keys --laravel .', 'List its entries'],
      ['cachectl profile:init --from-laravel .', 'Write its settings into cachectl.yaml'],
    ];
  }

  if (isBuiltIn) {
    return [
      ['cachectl put greeting hello', 'Store a first entry'],
      ['cachectl profile:init', 'Set up the cache of your application'],
      ['cachectl doctor --laravel DIR', 'Check the cache of a Laravel application'],
    ];
  }

  return [
    ['cachectl doctor', 'Check that the store can be used'],
    ['cachectl keys --tree', 'Show what the cache is made of'],
    ['cachectl lock:list', 'List the locks that are held'],
  ];
}

function ignore(): void {
  // Commands report warnings.
}
