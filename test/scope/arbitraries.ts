import * as fc from 'fast-check';

import type { Application } from './world.js';

import { newOwner } from '../../src/stores/locks/owner.js';

/** Text that is special somewhere: in globs, LIKE, regular expressions, SQL, collations and key formats. */
const ATOMS = [
  String.raw`app app- ap APP a b - : . 0 10 tag: :entries :key | * ? [a-z] [^a] [ ] \ \* % _ \_ {a} $ ^ ( + ' " #`,
  'é e\u0301 e ß ss ſ s \u212A K k İ i ı æ ae Å å ﬀ ff ½ \u00AD \u200B 日本 ｱ ア 🐎 \u{10FFFF} \uFFFD Ω ω ١',
].flatMap((line) => line.split(' '));

const atom = fc.constantFrom(...ATOMS);
const text = fc.oneof(
  { weight: 3, arbitrary: atom },
  { weight: 2, arbitrary: fc.tuple(atom, atom).map((parts) => parts.join('')) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }) },
);

/** Prefixes of applications that share a server: the empty one, one the head of another, another case of one. */
const prefixes = fc
  .tuple(fc.oneof(fc.constant(''), text), text, text)
  .map(([base, more, other]) => [
    base,
    base + more,
    base.toUpperCase(),
    base.normalize('NFD'),
    other,
    base + more + other,
  ])
  .chain((related) => fc.uniqueArray(fc.constantFrom(...related), { minLength: 2, maxLength: 3 }));

function application(prefix: string): fc.Arbitrary<Application> {
  return fc.record({
    prefix: fc.constant(prefix),
    keys: fc.uniqueArray(text, { minLength: 1, maxLength: 4 }),
    tagged: fc.array(fc.record({ tags: fc.uniqueArray(text, { minLength: 1, maxLength: 2 }), key: text }), {
      maxLength: 2,
    }),
    locks: fc.array(
      text.map((name) => ({ name, owner: newOwner() })),
      { maxLength: 1 },
    ),
  });
}

export const applications = prefixes.chain((some) => fc.tuple(...some.map((prefix) => application(prefix))));

/** A glob, and what it matches by a simple rule of its own. */
export interface Pattern {
  readonly glob: string;
  matches(text: string): boolean;
}

type Part = { readonly glob: string; readonly test: (character: string) => boolean } | 'star';

const literal = text.map((characters) =>
  [...characters].map((each) => ({
    glob: /[*?[\]\\]/.test(each) ? `\\${each}` : each,
    test: (character: string) => character === each,
  })),
);

const part: fc.Arbitrary<readonly Part[]> = fc.oneof(
  { weight: 3, arbitrary: literal },
  { weight: 2, arbitrary: fc.constant(['star' as const]) },
  { weight: 1, arbitrary: fc.constant([{ glob: '?', test: () => true }]) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.boolean(), fc.constantFrom('a', 'é', '🐎', 'k', '0'))
      .map(([isNegated, each]) => [
        { glob: `[${isNegated ? '^' : ''}${each}]`, test: (character: string) => (character === each) !== isNegated },
      ]),
  },
);

export const pattern: fc.Arbitrary<Pattern> = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => {
  const all = parts.flat();
  return {
    glob: all.map((each) => (each === 'star' ? '*' : each.glob)).join(''),
    matches: (subject) => isMatch(all, [...subject]),
  };
});

function isMatch([first, ...rest]: readonly Part[], characters: readonly string[]): boolean {
  if (first === undefined) return characters.length === 0;
  const [next, ...others] = characters;
  if (first === 'star') return isMatch(rest, characters) || (next !== undefined && isMatch([first, ...rest], others));
  return next !== undefined && first.test(next) && isMatch(rest, others);
}

/** What to do, and to which of the applications and their keys. Numbers count modulo. */
export interface Step {
  readonly kind: (typeof KINDS)[number];
  readonly application: number;
  readonly other: number;
  readonly item: number;
  readonly isOn: boolean;
  readonly dryRun: boolean;
  readonly pattern: Pattern;
  readonly name: string;
}

export const KINDS = [
  'copy',
  'flush',
  'flush --locks-only',
  'flush --pattern',
  'flush --larger-than',
  'flush --idle-for',
  'forget',
  'forget --tags',
  'import',
  'increment',
  'lock:release',
  'lock:release --force',
  'lock:release --stuck',
  'pull',
  'rename',
  'tags:flush',
  'tags:prune',
  'touch',
] as const;

export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(...KINDS),
    application: fc.nat(9),
    other: fc.nat(9),
    item: fc.nat(9),
    isOn: fc.boolean(),
    dryRun: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
    pattern,
    name: text,
  }),
  { minLength: 1, maxLength: 4 },
);
