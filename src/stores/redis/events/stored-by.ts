import type { Ttl } from '../../contract/store.js';

/** What a command would store under its first argument. */
export interface Stored {
  /** Bytes (`latin1`). */
  readonly value: string;
  /** Whether the command writes only if the key does not exist. */
  readonly isNew: boolean;
  /** The expiry: a Unix time in milliseconds, Infinity for never, NaN if unchanged. */
  readonly endsAt: number;
}

/** The commands that `storedBy` knows. */
export const STORING: ReadonlySet<string> = new Set(['getset', 'psetex', 'set', 'setex', 'setnx']);

/**
 * @param args all arguments, as bytes (`latin1`)
 * @param time when the command ran, a Unix time in milliseconds
 */
export function storedBy(command: string, args: readonly string[], time: number): Stored | undefined {
  const [, second = '', third = ''] = args;
  switch (command) {
    case 'set': {
      return { value: second, ...optionsOf(args.slice(2), time) };
    }

    case 'getset':
    case 'setnx': {
      return { value: second, isNew: command === 'setnx', endsAt: Infinity };
    }

    case 'psetex':
    case 'setex': {
      const end = ENDS[command === 'setex' ? 'ex' : 'px']!;
      return { value: third, isNew: false, endsAt: end(Number(second), time) };
    }

    default: {
      return undefined;
    }
  }
}

/**
 * The TTL in seconds; undefined if the command did not change it.
 * @param time when the command ran, a Unix time in milliseconds
 */
export function ttlOf({ endsAt }: Stored, time: number): Ttl | undefined {
  if (Number.isNaN(endsAt)) return undefined;
  return endsAt === Infinity ? null : Math.max(1, Math.ceil((endsAt - time) / 1000));
}

/** The expiry that a TTL command (`EXPIRE`) sets; undefined for other commands. */
export function endGivenBy(command: string, argument: number, time: number): number | undefined {
  if (command === 'persist') return Infinity;
  const name = TTL_COMMANDS[command];
  return name === undefined ? undefined : ENDS[name]!(argument, time);
}

/** The options of SET after key and value, in any order. */
function optionsOf(words: readonly string[], time: number): Omit<Stored, 'value'> {
  const options = words.map((word) => word.toLowerCase());
  const isNew = options.includes('nx');
  if (options.includes('keepttl')) return { isNew, endsAt: Number.NaN };
  for (const [name, endsAt] of Object.entries(ENDS)) {
    const at = options.indexOf(name);
    if (at !== -1) return { isNew, endsAt: endsAt(Number(options[at + 1]), time) };
  }

  return { isNew, endsAt: Infinity };
}

/** Keyed by SET's TTL options. */
const ENDS: Readonly<Record<string, (argument: number, time: number) => number>> = {
  ex: (seconds, time) => time + seconds * 1000,
  px: (milliseconds, time) => time + milliseconds,
  exat: (seconds) => seconds * 1000,
  pxat: (milliseconds) => milliseconds,
};

const TTL_COMMANDS: Readonly<Record<string, string>> = {
  expire: 'ex',
  pexpire: 'px',
  expireat: 'exat',
  pexpireat: 'pxat',
};
