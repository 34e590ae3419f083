import { open, readdir, unlink } from 'node:fs/promises';
import path from 'node:path';

import type { Folder } from '../folder.js';

import { mapped } from '../at-once.js';
import { DIGITS, isLive, parseExpiry } from '../content.js';
import { translating, unlessMissing } from '../errors.js';

/** A cache file, from its size and first ten bytes. */
export interface CacheFile {
  readonly file: string;
  /** The size of the value, in bytes. */
  readonly size: number;
  /** Unix time; `blank` and `foreign` as in `parseContent`. */
  readonly expiry: 'blank' | 'foreign' | number;
}

export interface LiveFile extends CacheFile {
  readonly expiry: number;
}

export interface WalkOptions {
  readonly signal?: AbortSignal | undefined;
  /** Visit the 256 folders in random order. */
  readonly shuffled?: boolean;
}

/** Yield all files of a folder in Laravel's layout in batches, expired ones too. */
export async function* walk(folder: Folder, options: WalkOptions = {}): AsyncGenerator<readonly CacheFile[]> {
  for await (const files of paths(folder, options)) {
    const seen = await mapped(files, async (file) => unlessMissing(look(file)));
    yield seen.filter((each) => each !== undefined);
  }
}

/** The paths of all files. */
export async function* paths(
  folder: Folder,
  { signal, shuffled = false }: WalkOptions,
): AsyncGenerator<readonly string[]> {
  signal?.throwIfAborted();
  const names = async (below: string, pattern: RegExp): Promise<readonly string[]> =>
    translating(folder.path, async () => {
      const all = (await unlessMissing(readdir(below))) ?? [];
      return all.filter((name) => pattern.test(name)).map((name) => path.join(below, name));
    });
  const first = await names(folder.path, TWO_DIGITS);
  for (const outer of shuffled ? shuffle(first) : first) {
    const inner = await names(outer, TWO_DIGITS);
    const files = await mapped(inner, async (each) => names(each, HASH));
    yield files.flat();
    signal?.throwIfAborted();
  }
}

export function isLiveFile(file: CacheFile): file is LiveFile {
  return typeof file.expiry === 'number' && isLive(file.expiry);
}

/** Whether a file has expired. A blank file has not: a writer may be busy. */
export function isExpiredFile({ expiry }: CacheFile): boolean {
  return typeof expiry === 'number' && !isLive(expiry);
}

/** Remove files. Returns the number removed, without those that were already gone. */
export async function removeFiles(folder: Folder, files: readonly CacheFile[]): Promise<number> {
  const removed = await mapped(files, async ({ file }) =>
    translating(folder.path, async () => unlessMissing(unlink(file).then(() => true))),
  );
  return removed.filter((each) => each === true).length;
}

const TWO_DIGITS = /^[\da-f]{2}$/;
const HASH = /^[\da-f]{40}$/;

async function look(file: string): Promise<CacheFile> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(DIGITS), 0, DIGITS, 0);
    const { size } = await handle.stat();
    return { file, size: Math.max(0, size - DIGITS), expiry: parseExpiry(buffer.subarray(0, bytesRead)) };
  } finally {
    await handle.close();
  }
}

function shuffle(names: readonly string[]): readonly string[] {
  return names
    .map((name) => ({ name, rank: Math.random() }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ name }) => name);
}
