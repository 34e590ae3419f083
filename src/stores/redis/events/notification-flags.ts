import type { Redis } from 'ioredis';

import type { Node } from '../client/command.js';
import type { Connection } from '../connection.js';

import { isUnavailable, translated } from '../errors.js';

/** The setting whose flags choose the notifications of a server. */
export const SETTING = 'notify-keyspace-events';

/** Keyevent channels, generic commands, strings, expiries; evictions and misses. */
export const WANTED = 'Eg$xem';

/** Without these the tail would miss events that it claims to report. */
export const NEEDED = 'Eg$x';

/** The flags that `A` includes. */
const ALL = 'g$lshzxetd';

/** The flags that are set; undefined if CONFIG is forbidden, as with most providers. */
export async function flagsOf(control: Redis): Promise<string | undefined> {
  return flagsBy(async () => control.config('GET', SETTING));
}

/** Like `flagsOf`, for any node. */
export async function flagsOfNode(node: Node): Promise<string | undefined> {
  return flagsBy(async () => node.call('CONFIG', 'GET', SETTING));
}

/** The flags of every node; undefined if CONFIG is forbidden. */
export async function flagsOfNodes(connection: Connection): Promise<readonly string[] | undefined> {
  const all: string[] = [];
  for (const node of await connection.nodes()) {
    const flags = await flagsOfNode(node);
    if (flags === undefined) return undefined;
    all.push(flags);
  }

  return all;
}

async function flagsBy(configGet: () => Promise<unknown>): Promise<string | undefined> {
  try {
    const [, flags] = (await configGet()) as ReadonlyArray<Buffer | string>;
    return canonical(String(flags ?? ''));
  } catch (error) {
    if (isUnavailable(translated(error, ''))) return undefined;
    throw error;
  }
}

export function withWanted(flags: string): string {
  return flags + [...WANTED].filter((flag) => !has(flags, flag)).join('');
}

/** How to set the flags on a cluster, where --enable is not available. @param flags set on any of its nodes */
export function clusterCommand(flags: string): string {
  return `Turn them on for every node: redis-cli --cluster call HOST:PORT CONFIG SET ${SETTING} '${withWanted(canonical(flags))}'`;
}

export function has(flags: string, wanted: string): boolean {
  return [...wanted].every((flag) => expand(flags).includes(flag));
}

export function union(flags: string, more: string): string {
  return canonical(flags + more);
}

/** Each flag once, in alphabetical order, so that settings can be compared. */
export function canonical(flags: string): string {
  return [...new Set(expand(flags))].sort().join('');
}

function expand(flags: string): string {
  return flags.replace('A', ALL);
}
