import { bytesText } from './byte-text.js';

/**
 * The default: far above any entry that belongs in a cache. Printing a value takes a few times its size, so this also
 * bounds the memory.
 */
const DEFAULT = 128 * 1024 * 1024;

/** The largest possible limit: the largest item of any server (Memcached with `-I 1024m`). */
export const MAX_LIMIT = 1024 * 1024 * 1024;

let limit = DEFAULT;

/** The largest value that this process reads, decompresses or stores, in bytes. It also bounds a reply of a server. */
export function valueLimit(): number {
  return limit;
}

/** Set by `--max-value`. It holds for the process, which is one command. */
export function setValueLimit(bytes: number): void {
  limit = bytes;
}

/** Run `work`, which does not wait for anything, with a lower limit. */
export function withinLimit<T>(bytes: number, work: () => T): T {
  const before = limit;
  limit = Math.min(before, bytes);
  try {
    return work();
  } finally {
    limit = before;
  }
}

/** `128 MiB` */
export function limitText(bytes = limit): string {
  return bytes % MIB === 0 ? `${bytes / MIB} MiB` : bytesText(bytes);
}

/** How to allow more. @param bytes that were needed, if known */
export function raiseLimit(bytes?: number): string {
  if (limit === MAX_LIMIT || (bytes !== undefined && bytes > MAX_LIMIT))
    return `The largest possible limit is ${limitText(MAX_LIMIT)}.`;
  const enough = bytes === undefined ? Math.min(MAX_LIMIT, 4 * limit) : Math.ceil(bytes / MIB) * MIB;
  return `To allow more: --max-value ${limitText(enough).replace(' ', '')}. The limit bounds the memory that cachectl takes.`;
}

const MIB = 1024 * 1024;
