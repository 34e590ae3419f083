import type { Value } from '../../codecs/value.js';
import type { Finding, Reading } from '../contract/store.js';

import { UndecodableError, WrongTypeError } from '../../errors.js';
import { counted, ok, skipped } from '../doctor/findings.js';

/** Settings that may read values which the profile's settings cannot, as in a profile: `serializer: igbinary`. */
export interface Alternative {
  readonly settings: string;
  decode(stored: Buffer): Value;
}

/** How many entries to read. */
export const SAMPLE = 50;

/**
 * Check whether some entries can be decoded with the profile's settings; if not, suggest settings.
 * @param alternatives the simplest first
 */
export async function contentsFinding(
  readings: readonly Reading[],
  alternatives: () => Promise<readonly Alternative[]>,
): Promise<Finding> {
  const odd = readings.filter((reading) => reading instanceof WrongTypeError).length;
  const stored: Buffer[] = [];
  const refused: Array<{ stored: Buffer; error: UndecodableError }> = [];
  for (const reading of readings) {
    if (reading === undefined || reading instanceof Error) continue;
    stored.push(reading.stored);
    try {
      reading.decode();
    } catch (error) {
      if (!(error instanceof UndecodableError)) throw error;
      refused.push({ stored: reading.stored, error });
    }
  }

  const others = odd === 0 ? '' : `; ${counted(odd, 'key holds', 'keys hold')} something other than an entry`;
  if (stored.length === 0) return skipped('contents', `no entries to read yet${others}`);
  if (refused.length === 0) {
    return ok(
      'contents',
      `${counted(stored.length, 'entry', 'entries')} read with the settings of the profile${others}`,
    );
  }

  const better = bestOf(await alternatives(), stored, stored.length - refused.length);
  return {
    subject: 'contents',
    // A few unreadable values may be keys of other software.
    state: refused.length * 2 >= stored.length ? 'fault' : 'warning',
    message: `${refused.length} of ${counted(stored.length, 'entry', 'entries')} cannot be read: ${refused[0]!.error.message}${others}`,
    hint:
      better === undefined
        ? 'No codec, serializer or compression reads them. To see the stored bytes: cachectl get --raw KEY'
        : `${better} would read them. Set it in the profile if the application uses it.`,
  };
}

/** The settings that decode the most values, if more than the profile's do. */
function bestOf(alternatives: readonly Alternative[], stored: readonly Buffer[], read: number): string | undefined {
  let best: string | undefined;
  let most = read;
  for (const { settings, decode } of alternatives) {
    const count = stored.filter((bytes) => reads(decode, bytes)).length;
    if (count <= most) continue;
    best = settings;
    most = count;
  }

  return best;
}

function reads(decode: Alternative['decode'], bytes: Buffer): boolean {
  try {
    decode(bytes);
    return true;
  } catch (error) {
    if (error instanceof UndecodableError) return false;
    throw error;
  }
}
