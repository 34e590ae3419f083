import type { Codec } from '../../codecs/codec.js';
import type { Inspection } from '../contract/inspection.js';

import { keyFromBytes } from '../entries/key-text.js';
import { isScheduleMutex } from '../locks/names.js';
import { MAX_OWNER } from '../locks/rule.js';
import { ttlOf } from './expiry.js';
import { ColumnCodec, isWrapped } from './values.js';

export interface InspectedRow {
  readonly value: Buffer;
  /** Unix time, in seconds. */
  readonly expiration: number;
}

/**
 * What `inspect` reports of a row, apart from tags. `entry` is absent if it has expired.
 * @param at Unix time, in seconds
 */
export function inspectedRow(
  listedKey: string,
  { value: stored, expiration }: InspectedRow,
  { at, codec, values }: { readonly at: number; readonly codec: Codec; readonly values: Pick<Codec, 'decode'> },
): Pick<Inspection, 'entry' | 'expiredAt' | 'expiresAt' | 'format' | 'lock'> {
  if (expiration <= at) return { expiredAt: new Date(expiration * 1000) };
  const ttl = ttlOf(expiration, at);
  const wrapped = values instanceof ColumnCodec && isWrapped(codec, stored);
  return {
    entry: { stored, ttl, decode: () => values.decode(stored) },
    format: {
      codec: codec.name,
      ...(wrapped && { encoding: 'base64', plainSize: Buffer.byteLength(stored.toString('latin1'), 'base64') }),
    },
    expiresAt: ttl === null ? null : new Date(expiration * 1000),
    ...(isScheduleMutex(listedKey) && {
      lock: { owner: keyFromBytes(stored.subarray(0, MAX_OWNER)), detectedBy: 'family' },
    }),
  };
}
