import * as Flags from '@oclif/core/flags';

import { UsageError } from '../errors.js';

const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['kb', 1000],
  ['mb', 1000 ** 2],
  ['gb', 1000 ** 3],
  ['kib', 1024],
  ['mib', 1024 ** 2],
  ['gib', 1024 ** 3],
]);

/**
 * Parse `100kB` (1 kB = 1000 bytes), `1MiB` (1 KiB = 1024 bytes), `1.5 MB`, or a plain number of bytes.
 * @returns whole bytes
 * @throws UsageError
 */
export function parseSize(text: string): number {
  const [, digits, unit] = /^(\d{1,9}(?:\.\d{1,3})?) ?([a-z]*)$/i.exec(text) ?? [];
  const factor = UNITS.get(unit?.toLowerCase() ?? 'none');
  if (digits === undefined || factor === undefined) {
    throw new UsageError(`"${text}" is not a size`, 'Write 100kB, 1MiB, 1.5MB, or a plain number of bytes.');
  }

  return Math.floor(Number(digits) * factor);
}

/** A flag for a size: `100kB`, `1MiB`, `512`. Its value is in bytes. */
export const size = Flags.custom<number>({
  helpValue: 'SIZE',
  parse: async (text) => parseSize(text),
});
