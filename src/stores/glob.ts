/**
 * A matcher for Redis's glob: `*` any run, `?` any one character, `[a-z]` and `[^a-z]` classes, `\` escapes.
 * A class that is not closed runs to the end of the pattern, as in Redis.
 */
export function globMatcher(pattern: string): (text: string) => boolean {
  const regExp = new RegExp(`^${[...tokens(pattern)].join('')}$`, 'su');
  return (text) => regExp.test(text);
}

/** What every text that matches begins with: the pattern up to its first wildcard. */
export function literalHead(pattern: string): string {
  const head = /^(?:[^*?[\\]|\\.)*/su.exec(pattern)?.[0] ?? '';
  return head.replaceAll(/\\(.)/gsu, '$1');
}

/** Whether every text that begins with the literal head matches, as of `users:*`. */
export function isHeadOnly(pattern: string): boolean {
  return /^(?:[^*?[\\]|\\.)*\*$/su.test(pattern);
}

/** The glob that matches exactly `literal`. */
export function escapeGlob(literal: string): string {
  return literal.replaceAll(/[*?[\]\\]/g, String.raw`\$&`);
}

function* tokens(pattern: string): Generator<string> {
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    if (character === '*') yield '.*';
    else if (character === '?') yield '.';
    else if (character === '\\' && at + 1 < characters.length) yield escapeRegExp(characters[++at]!);
    else if (character === '[') {
      const [regExp, end] = characterClass(characters, at + 1);
      yield regExp;
      at = end;
    } else yield escapeRegExp(character);
  }
}

/** Reads a class from the character after `[`; gives its regular expression and the index of its `]`. */
function characterClass(characters: readonly string[], start: number): [string, number] {
  let at = start;
  const negated = characters[at] === '^';
  if (negated) at++;
  let members = '';
  for (; at < characters.length && characters[at] !== ']'; at++) {
    const first = characters[at]!;
    // An escaped character never begins a range, in Redis either.
    if (first === '\\' && at + 1 < characters.length) members += escapeMember(characters[++at]!);
    else if (characters[at + 1] === '-' && at + 2 < characters.length) {
      const last = characters[at + 2]!;
      // Redis swaps a range written backwards.
      members += first <= last ? range(first, last) : range(last, first);
      at += 2;
    } else members += escapeMember(first);
  }

  if (members === '') return [negated ? '.' : '(?!)', at];
  return [`[${negated ? '^' : ''}${members}]`, at];
}

function range(first: string, last: string): string {
  return `${escapeMember(first)}-${escapeMember(last)}`;
}

function escapeRegExp(character: string): string {
  return character.replace(/[$()*+./?[\\\]^{|}]/, String.raw`\$&`);
}

function escapeMember(character: string): string {
  return character.replace(/[[\\\]^-]/, String.raw`\$&`);
}
