/** What a command stores under its first argument, if it can. */
export interface Stored {
  /** Bytes (`latin1`). */
  readonly value: string;
  /** Only where there is nothing. */
  readonly isNew: boolean;
  /** When its ttl is over: a Unix time in milliseconds, Infinity for never, NaN where it stays as it was. */
  readonly endsAt: number;
}

/** Commands that `storedBy` knows. */
export const STORING: ReadonlySet<string> = new Set(['getset', 'psetex', 'set', 'setex', 'setnx']);

/**
 * @param args all of them, as bytes (`latin1`)
 * @param time when it was carried out, a Unix time in milliseconds
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

/** When a ttl is over that is given by a command of its own (`EXPIRE`); undefined of other commands. */
export function endGivenBy(command: string, argument: number, time: number): number | undefined {
  if (command === 'persist') return Infinity;
  const name = COMMANDS_OF_ENDS[command];
  return name === undefined ? undefined : ENDS[name]!(argument, time);
}

/** What stands behind SET's key and value, in any order. */
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

/** By the words that SET says a ttl with. */
const ENDS: Readonly<Record<string, (argument: number, time: number) => number>> = {
  ex: (seconds, time) => time + seconds * 1000,
  px: (milliseconds, time) => time + milliseconds,
  exat: (seconds) => seconds * 1000,
  pxat: (milliseconds) => milliseconds,
};

const COMMANDS_OF_ENDS: Readonly<Record<string, string>> = {
  expire: 'ex',
  pexpire: 'px',
  expireat: 'exat',
  pexpireat: 'pxat',
};
