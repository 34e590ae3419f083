import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import type { Repository } from '../../stores/contract/store.js';

import { INT64_MAX, integer } from '../../codecs/value.js';
import { ExitCode, UsageError } from '../../errors.js';
import { duration, entryTags } from '../../runtime/flags.js';
import { keyArgument } from '../../runtime/key-arguments.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { JsonText } from '../../terminal/json.js';
import { answer, answerJson } from '../../terminal/output.js';

/** A 64-bit integer, exact. */
const wholeNumber = Flags.custom<bigint>({
  helpValue: 'NUMBER',
  async parse(text) {
    if (!/^[+-]?\d+$/.test(text)) {
      throw new UsageError(`"${text}" is not a whole number`, 'Write digits, with a minus in front if need be.');
    }

    const number = BigInt(text.replace(/^\+/, ''));
    if (number < -INT64_MAX || number > INT64_MAX) {
      throw new UsageError(`${text} is beyond 64 bits`, `Write a number from ${-INT64_MAX} to ${INT64_MAX}.`);
    }

    return number;
  },
});

export const countingArgs = {
  key: Args.string({ ...keyArgument, required: true }),
};

/** For `increment` and `decrement`. */
export const countingFlags = {
  by: wholeNumber({ summary: 'Amount; may be negative.', default: 1n, defaultHelp: async () => '1' }),
  ttl: duration({ summary: 'TTL of a new counter. An existing one keeps its TTL.' }),
  tags: entryTags,
};

export interface Counting {
  readonly key: string;
  readonly by: bigint;
  /** Seconds; of a counter that is not there yet. */
  readonly ttl: number | undefined;
}

/** Counts and prints the sum alone. */
export async function count(
  entries: Repository,
  counting: Counting,
  { json }: { readonly json: boolean },
): Promise<number> {
  const sum = await counted(entries, counting);
  await (json ? answerJson({ key: printKey(counting.key), value: new JsonText(String(sum)) }) : answer(`${sum}\n`));
  return ExitCode.Yes;
}

/**
 * With a ttl as Laravel's rate limiter does it: the key is added at 0, then counted. When it expired in between, the counter
 * began anew without an end, and is given one.
 */
async function counted(entries: Repository, { key, by, ttl }: Counting): Promise<bigint> {
  if (ttl === undefined) return entries.increment(key, by);
  const isNew = await entries.add(key, integer(0), ttl);
  const sum = await entries.increment(key, by);
  if (!isNew && sum === by && (await entries.get(key))?.ttl === null) await entries.touch(key, ttl);
  return sum;
}
