import type { Context } from 'mocha';

import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

import { lacking } from './requirements.js';

/** The newest release that scripts/fetch-node.sh knows. */
export const NEWEST = 26;

/** The path of another release of Node that `scripts/fetch-node.sh MAJOR` unpacked. */
export function requireNode(context: Context, major: number): string {
  const folder = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'cachectl-test');
  const name = namesIn(folder).find((each) => each.startsWith(`node-${major}.`));
  return name === undefined
    ? lacking(context, `Node ${major} is not installed (sh scripts/fetch-node.sh ${major})`)
    : path.join(folder, name);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Nothing has been unpacked yet.
    return [];
  }
}
