import { keyFromBytes, keyToBytes } from './key-text.js';

/**
 * Print a key, tag or lock name so that it can be read back as an argument. Most are printed unchanged. If one has
 * bytes that are not UTF-8, control characters or line ends, each such byte is printed as `\xHH`, and a backslash as
 * `\\`.
 */
export function printKey(key: string): string {
  return PLAIN.test(key) || !NEEDS_FORM.test(key) ? key : key.replaceAll(ESCAPED, escaped);
}

/** `a,b`, as `--tags` takes it. */
export function printNames(names: readonly string[]): string {
  return names.map((name) => printKey(name)).join(',');
}

/** The same within a message for people: backslashes stay. */
export function printable(text: string): string {
  return text.replaceAll(NO_TEXT, escaped);
}

/** Parse an argument as a key: with `\xHH` in it, it has the form of `printKey`; otherwise it is taken literally. */
export function parseKey(argument: string): string {
  if (!HEX.test(argument)) return argument;
  // One character per byte, because a neighbour may complete it.
  const bytes = keyToBytes(argument).toString('latin1');
  return keyFromBytes(
    Buffer.from(
      bytes.replaceAll(FORM, (_, hex?: string) => byteOf(hex) ?? '\\'),
      'latin1',
    ),
  );
}

/**
 * Parse an argument as a glob. `\xHH` is that byte and never a wildcard. Any other character after a backslash is
 * literal, as in every glob.
 */
export function parsePattern(argument: string): string {
  if (!HEX.test(argument)) return argument;
  const bytes = keyToBytes(argument).toString('latin1');
  const glob = bytes.replaceAll(PATTERN_FORM, (escape, hex?: string) => {
    const byte = byteOf(hex);
    return byte === undefined ? escape : SPECIAL.test(byte) ? `\\${byte}` : byte;
  });
  return keyFromBytes(Buffer.from(glob, 'latin1'));
}

/** The fast path for most keys: looking at each character is slow. */
const PLAIN = /^[\w !-.:-@[\]^`{-~/]*$/;

/** Lone surrogates stand for bytes. Node replaces invalid bytes in arguments by U+FFFD, which is therefore refused. */
const OBEYED = String.raw`\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}\uFFFD`;
const NEEDS_FORM = new RegExp(String.raw`[${OBEYED}]|\\x[\da-f]{2}`, 'u');
const ESCAPED = new RegExp(String.raw`[${OBEYED}\\]`, 'gu');

const NO_TEXT = /[^\P{Cc}\n\t]|[\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/gu;

const HEX = /\\x[\da-f]{2}/;
const FORM = /\\(?:x([\da-f]{2})|\\)/g;
const PATTERN_FORM = /\\(?:x([\da-f]{2})|[^])/g;
const SPECIAL = /[*?[\]\\^-]/;

function escaped(character: string): string {
  return character === '\\'
    ? '\\\\'
    : keyToBytes(character)
        .toString('hex')
        .replaceAll(/../g, String.raw`\x$&`);
}

function byteOf(hex: string | undefined): string | undefined {
  return hex === undefined ? undefined : String.fromCodePoint(Number.parseInt(hex, 16));
}
