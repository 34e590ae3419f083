import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import type { Repository } from '../../stores/contract/store.js';

import { INT64_MAX, integer } from '../../codecs/value.js';
import { ExitCode, UsageError } from '../../errors.js';
import { creationFlags, duration, entryTags } from '../../runtime/flags.js';
import { keyArgument } from '../../runtime/key-arguments.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { JsonText } from '../../terminal/json.js';
import { answer, answerJson } from '../../terminal/output.js';

/** A 64-bit integer, exact. */
const wholeNumber = Flags.custom<bigint>({
  helpValue: 'NUMBER',
  async parse(text) {
    if (!/^[+-]?\d+$/.test(text)) {
      throw new UsageError(`"${text}" is not a whole number`, 'Use digits, with an optional minus sign.');
    }

    const number = BigInt(text.replace(/^\+/, ''));
    if (number < -INT64_MAX || number > INT64_MAX) {
      throw new UsageError(`${text} is beyond 64 bits`, `Use a number from ${-INT64_MAX} to ${INT64_MAX}.`);
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
  ...creationFlags,
};

export interface Counting {
  readonly key: string;
  readonly by: bigint;
  /** TTL of a new counter, in seconds. */
  readonly ttl: number | undefined;
}

/** Increment the counter and print its value. */
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
 * With a TTL, like Laravel's rate limiter: add the key with 0, then increment it. If it expired in between, the
 * increment created it without a TTL, so set one.
 */
async function counted(entries: Repository, { key, by, ttl }: Counting): Promise<bigint> {
  if (ttl === undefined) return entries.increment(key, by);
  const isNew = await entries.add(key, integer(0), ttl);
  const sum = await entries.increment(key, by);
  if (!isNew && sum === by && (await entries.get(key))?.ttl === null) await entries.touch(key, ttl);
  return sum;
}
