import { UnsupportedError } from '../../errors.js';

/** The operations that a driver may lack: their description in messages, and what to do instead. */
const TEXTS = {
  keys: ['list keys', 'Give the keys instead.'],
  entries: ['list entries with their sizes and contents', 'Read single entries with cachectl get KEY.'],
  flushOnly: [
    'flush by pattern, age or size',
    'Forget keys by name, flush tags, or flush without --pattern, --idle-for and --larger-than.',
  ],
  sample: ['sample entries', 'Leave out --sample.'],
  stats: ['report statistics', 'Ask its server directly, or add stats() to its driver: docs/custom-drivers.md.'],
  inspect: ['inspect entries', 'Use cachectl get KEY.'],
  tags: ['use tags', 'Use a profile with another store, or leave out the tags.'],
  tagIndex: ['list tags', 'Read an entry by its key and tags: cachectl get KEY --tags a,b'],
  lock: ['use locks', 'Use a profile with another store.'],
  locks: ['list locks', 'Show one by name: cachectl lock:show NAME'],
  events: ['report events', 'Use a profile with another store.'],
} as const satisfies Readonly<Record<string, readonly [what: string, hint: string]>>;

export type Operation = keyof typeof TEXTS;

export const OPERATIONS = Object.keys(TEXTS) as readonly Operation[];

/** Why a store lacks operations, and what to do instead. */
export interface Limits {
  /** The operations that `reason` explains. Left out: all. */
  readonly operations?: readonly Operation[];
  /** Follows "the NAME store cannot list keys": `with protocol: classic`. */
  readonly reason: string;
  /** A sentence. Left out: the usual hint of the operation. */
  readonly hint?: string;
}

interface Limited {
  readonly driver: string;
  readonly limits?: Limits;
}

/** @param what the missing part of the operation, such as `list the entries of a tag` */
export function unsupported(
  { driver, limits }: Limited,
  operation: Operation,
  what: string = TEXTS[operation][0],
  hint: string = TEXTS[operation][1],
): UnsupportedError {
  const limit = limits?.operations?.includes(operation) === false ? undefined : limits;
  const reason = limit === undefined ? '' : ` ${limit.reason}`;
  return new UnsupportedError(`the ${driver} store cannot ${what}${reason}`, limit?.hint ?? hint);
}

/** The error for a flush by prefix on a store that cannot list keys. */
export function noFlushByPrefix(store: Limited): UnsupportedError {
  return unsupported(store, 'keys', 'flush by prefix', 'Forget keys by name, or flush everything with --all.');
}
