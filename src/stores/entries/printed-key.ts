import { keyFromBytes, keyToBytes } from './key-text.js';

/**
 * How keys, and names of tags and locks, are printed, and read again as arguments: most of them as they are. One that holds
 * bytes that are not UTF-8, or characters that a terminal obeys or takes for the end of a line, has `\xHH` in place of each
 * such byte, and so that it can be told apart from a key that reads like that, `\\` for a backslash.
 */
export function printKey(key: string): string {
  return PLAIN.test(key) || !NEEDS_FORM.test(key) ? key : key.replaceAll(ESCAPED, escaped);
}

/** `a,b`, as `--tags` takes it. */
export function printNames(names: readonly string[]): string {
  return names.map((name) => printKey(name)).join(',');
}

/** The same within a message, which is read by people only: backslashes stay as they are. */
export function printable(text: string): string {
  return text.replaceAll(NO_TEXT, escaped);
}

/** The key that an argument names: one with `\xHH` in it is in the form of `printKey`, any other is meant as it is. */
export function parseKey(argument: string): string {
  if (!HEX.test(argument)) return argument;
  // A byte to a character, since what stands beside a byte may complete it.
  const bytes = keyToBytes(argument).toString('latin1');
  return keyFromBytes(
    Buffer.from(
      bytes.replaceAll(FORM, (_, hex?: string) => byteOf(hex) ?? '\\'),
      'latin1',
    ),
  );
}

/**
 * The glob that an argument is. There `\xHH` is that byte, and no wildcard whatever it stands for; any other character
 * behind a backslash is itself, as in every glob.
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

/** Most keys are: to look at a letter at a time is what takes the time. */
const PLAIN = /^[\w !-.:-@[\]^`{-~/]*$/;

/** Lone surrogates stand for bytes; U+FFFD is what Node makes of them in arguments, where it is therefore not taken. */
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
