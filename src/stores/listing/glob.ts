import { isUtf8Key } from '../entries/key-text.js';

/**
 * Return a matcher for Redis's globs: `*` any run, `?` any character, `[a-z]` and `[^a-z]` classes, `\` escapes. As
 * in Redis, an unclosed class runs to the end of the pattern. A character is a code point, or a byte that is not part
 * of UTF-8 (see key-text.ts); Redis matches bytes. The time is at most the product of both lengths.
 */
export function globMatcher(pattern: string): (text: string) => boolean {
  const others = segmentsOf(pattern);
  const first = others.shift()!;
  const last = others.pop();
  if (last === undefined) return (text) => first.endAt(text, 0) === text.length;
  if (isHeadOnly(pattern)) return (text) => first.endAt(text, 0) !== -1;
  return (text) => {
    let at = first.endAt(text, 0);
    const lastAt = last.startBefore(text);
    if (at === -1 || lastAt < at || last.endAt(text, lastAt) !== text.length) return false;
    // The first match leaves the most for the rest.
    for (const segment of others) {
      at = segment.findFrom(text, at);
      if (at === -1) return false;
    }

    return at <= lastAt;
  };
}

/** The literal beginning of every match: the pattern up to its first wildcard. */
export function literalHead(pattern: string): string {
  const head = /^(?:[^*?[\\]|\\.)*/su.exec(pattern)?.[0] ?? '';
  return head.replaceAll(/\\(.)/gsu, '$1');
}

/**
 * Whether every text with that literal head matches, as for `users:*`. False if the head has bytes that are not
 * UTF-8: the next byte may complete the last one.
 */
export function isHeadOnly(pattern: string): boolean {
  return /^(?:[^*?[\\]|\\.)*\*$/su.test(pattern) && isUtf8Key(pattern);
}

/** The glob that matches exactly `literal`. */
export function escapeGlob(literal: string): string {
  return literal.replaceAll(/[*?[\]\\]/g, String.raw`\$&`);
}

/** A character of a pattern: a literal, or a test. */
type Element = ((point: number) => boolean) | number;

/** The part between two stars. */
class Segment {
  readonly #elements: readonly Element[];
  /** The text of a part without wildcards, for a fast search. */
  readonly #literal: string | undefined;

  constructor(elements: readonly Element[]) {
    this.#elements = elements;
    const points = elements.filter((element) => typeof element === 'number');
    const text = String.fromCodePoint(...points);
    this.#literal = points.length === elements.length && isUtf8Key(text) ? text : undefined;
  }

  /** The end of a match at `start`; -1 if there is none. */
  endAt(text: string, start: number): number {
    if (this.#literal !== undefined) return text.startsWith(this.#literal, start) ? start + this.#literal.length : -1;
    let at = start;
    for (const element of this.#elements) {
      const point = text.codePointAt(at);
      if (point === undefined) return -1;
      if (typeof element === 'number' ? point !== element : !element(point)) return -1;
      at += unitsOf(point);
    }

    return at;
  }

  /** The end of the first match at or after `start`; -1 if there is none. */
  findFrom(text: string, start: number): number {
    if (this.#literal !== undefined) {
      const at = text.indexOf(this.#literal, start);
      return at === -1 ? -1 : at + this.#literal.length;
    }

    for (let at = start; at < text.length; at += unitsOf(text.codePointAt(at)!)) {
      const end = this.endAt(text, at);
      if (end !== -1) return end;
    }

    return -1;
  }

  /** Where a match at the end of the text must begin; -1 if the text is too short. */
  startBefore(text: string): number {
    if (this.#literal !== undefined) return text.length - this.#literal.length;
    let at = text.length;
    for (let left = this.#elements.length; left > 0 && at >= 0; left--) at -= isPair(text, at - 2) ? 2 : 1;
    return at;
  }
}

/** At least one. */
function segmentsOf(pattern: string): Segment[] {
  const segments: Segment[] = [];
  let elements: Element[] = [];
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    if (character === '*') {
      segments.push(new Segment(elements));
      elements = [];
    } else if (character === '?') elements.push(ANY);
    else if (character === '\\' && at + 1 < characters.length) elements.push(characters[++at]!.codePointAt(0)!);
    else if (character === '[') {
      const [element, end] = characterClass(characters, at + 1);
      elements.push(element);
      at = end;
    } else elements.push(character.codePointAt(0)!);
  }

  segments.push(new Segment(elements));
  return segments;
}

const ANY = (): boolean => true;

/** Parse a class from the character after `[`. Returns its test and the index of its `]`. */
function characterClass(characters: readonly string[], start: number): [Element, number] {
  let at = start;
  const isNegated = characters[at] === '^';
  if (isNegated) at++;
  /** Pairs of first and last character. */
  const ranges: number[] = [];
  for (; at < characters.length && characters[at] !== ']'; at++) {
    const first = characters[at]!;
    // An escaped character never begins a range, as in Redis.
    if (first === '\\' && at + 1 < characters.length) ranges.push(...range(characters[++at]!));
    else if (characters[at + 1] === '-' && at + 2 < characters.length) {
      ranges.push(...range(first, characters[at + 2]!));
      at += 2;
    } else ranges.push(...range(first));
  }

  const isIn = (point: number): boolean => {
    for (let index = 0; index < ranges.length; index += 2) {
      if (point >= ranges[index]! && point <= ranges[index + 1]!) return true;
    }

    return false;
  };

  return [isNegated ? (point) => !isIn(point) : isIn, at];
}

/** Redis swaps the ends of a reversed range. */
function range(first: string, last = first): readonly [number, number] {
  const [one, other] = [first.codePointAt(0)!, last.codePointAt(0)!];
  return one <= other ? [one, other] : [other, one];
}

function unitsOf(point: number): number {
  return point > 0xff_ff ? 2 : 1;
}

function isPair(text: string, at: number): boolean {
  return at >= 0 && text.codePointAt(at)! > 0xff_ff;
}
