import type { Value } from '../../codecs/value.js';
import type { Finding, Reading } from '../contract/store.js';

import { TooLargeError, UndecodableError, WrongTypeError } from '../../errors.js';
import { withinLimit } from '../../value-limit.js';
import { counted, ok, skipped } from '../doctor/findings.js';

/** Settings that may read values which the profile's settings cannot, as in a profile: `serializer: igbinary`. */
export interface Alternative {
  readonly settings: string;
  decode(stored: Buffer): Value;
}

/** How many entries to read. */
export const SAMPLE = 50;

/** Entries that are read at once. */
const PORTION = 10;
/** The largest value to decompress or decode, in bytes. */
const MAX_UNPACKED = 8 * 1024 * 1024;
/** Stored values to keep for the alternatives, in bytes. */
const MAX_KEPT = 8 * 1024 * 1024;

/** Read the entries of a sample, a few at a time, so that large ones do not fill the memory. */
export async function* inPortions<Name>(
  names: readonly Name[],
  many: (names: readonly Name[]) => Promise<readonly Reading[]>,
): AsyncGenerator<readonly Reading[], void> {
  const most = Math.min(names.length, SAMPLE);
  for (let at = 0; at < most; at += PORTION) yield many(names.slice(at, Math.min(most, at + PORTION)));
}

/**
 * Check whether some entries can be decoded with the profile's settings; if not, suggest settings.
 * @param alternatives the simplest first
 */
export async function contentsFinding(
  portions: AsyncIterable<readonly Reading[]>,
  alternatives: () => Promise<readonly Alternative[]>,
): Promise<Finding> {
  const { odd, read, refused, kept, large } = await judged(portions);
  const total = read + refused.length;
  const others =
    (odd === 0 ? '' : `; ${counted(odd, 'key holds', 'keys hold')} something other than an entry`) +
    (large === 0 ? '' : `; ${counted(large, 'large entry was', 'large entries were')} not decoded`);
  if (total === 0) return skipped('contents', `no entries to read yet${others}`);
  if (refused.length === 0) {
    return ok('contents', `${counted(total, 'entry', 'entries')} read with the settings of the profile${others}`);
  }

  const better = bestOf(await alternatives(), kept);
  return {
    subject: 'contents',
    // A few unreadable values may be keys of other software.
    state: refused.length * 2 >= total ? 'fault' : 'warning',
    message: `${refused.length} of ${counted(total, 'entry', 'entries')} cannot be read: ${refused[0]!.message}${others}`,
    hint:
      better === undefined
        ? 'No codec, serializer or compression reads them. To see the stored bytes: cachectl get --raw KEY'
        : `${better} would read them. Set it in the profile if the application uses it.`,
  };
}

interface Judged {
  /** Keys that hold something else. */
  odd: number;
  /** Entries that can be read, and too large ones. */
  read: number;
  large: number;
  readonly refused: UndecodableError[];
  /** Stored bytes for the alternatives, and whether the profile's settings read them. */
  readonly kept: Kept[];
}

interface Kept {
  readonly stored: Buffer;
  readonly isRead: boolean;
}

async function judged(portions: AsyncIterable<readonly Reading[]>): Promise<Judged> {
  const found: Judged = { odd: 0, read: 0, large: 0, refused: [], kept: [] };
  let held = 0;
  for await (const portion of portions) {
    for (const reading of portion) {
      if (reading instanceof WrongTypeError) found.odd++;
      if (reading === undefined || reading instanceof Error) continue;
      const { stored } = reading;
      const error = refusalOf(() => reading.decode());
      if (error instanceof TooLargeError) found.large++;
      else if (error === undefined) found.read++;
      else found.refused.push(error);
      if (error instanceof TooLargeError || held + stored.length > MAX_KEPT) continue;
      held += stored.length;
      found.kept.push({ stored, isRead: error === undefined });
    }
  }

  return found;
}

/** The settings that decode the most values, if more than the profile's do. */
function bestOf(alternatives: readonly Alternative[], kept: readonly Kept[]): string | undefined {
  let best: string | undefined;
  let most = kept.filter(({ isRead }) => isRead).length;
  for (const { settings, decode } of alternatives) {
    const count = kept.filter(({ stored }) => refusalOf(() => decode(stored)) === undefined).length;
    if (count <= most) continue;
    best = settings;
    most = count;
  }

  return best;
}

/** Why a value cannot be decoded, in little memory. */
function refusalOf(decode: () => Value): UndecodableError | undefined {
  try {
    withinLimit(MAX_UNPACKED, decode);
    return undefined;
  } catch (error) {
    if (error instanceof UndecodableError) return error;
    throw error;
  }
}
