import { lstat, readdir, unlink } from 'node:fs/promises';
import path from 'node:path';

import type { Folder } from '../folder.js';

import { WrongTypeError } from '../../../errors.js';
import { mapped } from '../at-once.js';
import { DIGITS, isLive, parseExpiry } from '../content.js';
import { namingFile, translating, unlessMissing } from '../errors.js';
import { TEMPORARY } from '../folder.js';
import { type OpenFile, openFile } from '../open-file.js';

/** A cache file, from its size and first ten bytes. */
export interface CacheFile {
  readonly file: string;
  /** The size of the value, in bytes. */
  readonly size: number;
  /** Unix time; `blank` and `foreign` as in `parseContent`; `leftover`: the temporary file of a killed cachectl. */
  readonly expiry: 'blank' | 'foreign' | 'leftover' | number;
}

export interface LiveFile extends CacheFile {
  readonly expiry: number;
}

export interface WalkOptions {
  readonly signal?: AbortSignal | undefined;
  /** Visit the 256 folders in random order. */
  readonly shuffled?: boolean;
}

/** Yield all files of a folder in Laravel's layout in batches: expired and leftover ones too. */
export async function* walk(folder: Folder, options: WalkOptions = {}): AsyncGenerator<readonly CacheFile[]> {
  for await (const files of paths(folder, options)) {
    const seen = await mapped(files, async (file) => unlessMissing(isTemporary(file) ? lookAside(file) : look(file)));
    yield seen.filter((each) => each !== undefined);
  }
}

/** The paths of all cache files and temporary files. */
async function* paths(folder: Folder, { signal, shuffled = false }: WalkOptions): AsyncGenerator<readonly string[]> {
  signal?.throwIfAborted();
  const names = async (below: string, pattern: RegExp): Promise<readonly string[]> =>
    translating(folder.path, async () => {
      const all = (await unlessMissing(readdir(below))) ?? [];
      return all.filter((name) => pattern.test(name)).map((name) => path.join(below, name));
    });
  const first = await names(folder.path, TWO_DIGITS);
  for (const outer of shuffled ? shuffle(first) : first) {
    const inner = await names(outer, TWO_DIGITS);
    const files = await mapped(inner, async (each) => names(each, OURS));
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

/** Whether a file is the temporary file of a killed cachectl: nothing reads it. */
export function isLeftover({ expiry }: CacheFile): boolean {
  return expiry === 'leftover';
}

/** Remove files. Returns the number removed, without those that were already gone. */
export async function removeFiles(folder: Folder, files: readonly CacheFile[]): Promise<number> {
  const removed = await mapped(files, async ({ file }) =>
    translating(folder.path, async () => unlessMissing(namingFile(file, unlink(file)).then(() => true))),
  );
  return removed.filter((each) => each === true).length;
}

const TWO_DIGITS = /^[\da-f]{2}$/;
const OURS = new RegExp(`^[\\da-f]{40}$|${TEMPORARY.source}`);

/** A write takes seconds. If the writer of an older file is not dead but suspended, it writes another one. */
const LEFTOVER_MS = 3_600_000;

function isTemporary(file: string): boolean {
  return TEMPORARY.test(path.basename(file));
}

/** Undefined for a file that may still be written, and for anything but a file. Follows no link. */
async function lookAside(file: string): Promise<CacheFile | undefined> {
  const stats = await lstat(file);
  if (!stats.isFile() || Date.now() - stats.mtimeMs < LEFTOVER_MS) return undefined;
  return { file, size: stats.size, expiry: 'leftover' };
}

async function look(file: string): Promise<CacheFile> {
  let opened: OpenFile;
  try {
    opened = await openFile(file);
  } catch (error) {
    if (error instanceof WrongTypeError) return { file, size: 0, expiry: 'foreign' };
    throw error;
  }

  const { handle, stats } = opened;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(DIGITS), 0, DIGITS, 0);
    return { file, size: Math.max(0, stats.size - DIGITS), expiry: parseExpiry(buffer.subarray(0, bytesRead)) };
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
