/**
 * Laravel's `Str::slug` for Latin letters: remove accents, and replace all but letters and digits with `separator`.
 * Undefined if another script occurs, which Laravel transliterates by a table, or U+FFFD, which replaces bytes that are
 * not UTF-8.
 */
export function slug(title: string, separator = '-'): string | undefined {
  if (title.includes('\uFFFD')) return undefined;
  const flip = separator === '-' ? '_' : '-';
  const escaped = `\\${separator}`;
  const plain = title
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[ßæœøłđ]/giu, (letter) => LETTERS[letter.toLowerCase()]!);
  if (/[^a-z\d]/i.test(plain.replaceAll(/[^\p{L}\p{N}]/gu, ''))) return undefined;
  return plain
    .replaceAll(new RegExp(`\\${flip}+`, 'g'), separator)
    .replaceAll('@', `${separator}at${separator}`)
    .toLowerCase()
    .replaceAll(new RegExp(`[^${escaped}a-z\\d\\s]+`, 'g'), '')
    .replaceAll(new RegExp(`[${escaped}\\s]+`, 'g'), separator)
    .replaceAll(new RegExp(`^${escaped}|${escaped}$`, 'g'), '');
}

const LETTERS: Readonly<Record<string, string>> = { ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd' };
