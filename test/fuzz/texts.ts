import type { Random } from './random.js';

/** Random bytes that a compressor can work on: runs, repeated words, or neither. */
export function randomText(random: Random): Buffer {
  const length = random.oneOf([random.below(40), random.below(300), 1900 + random.below(200), random.below(20_000)]);
  return textOf(length, random);
}

/** Longer than a window, and than a 16-bit length. */
export function longText(random: Random): Buffer {
  return textOf(65_400 + random.below(200_000), random);
}

function textOf(length: number, random: Random): Buffer {
  const parts: Buffer[] = [];
  const words = Array.from({ length: 1 + random.below(40) }, () => random.bytes(1 + random.below(12)));
  for (let rest = length; rest > 0; rest -= parts.at(-1)!.length) {
    parts.push(part(random, words, parts).subarray(0, rest));
  }

  return Buffer.concat(parts);
}

function part(random: Random, words: readonly Buffer[], before: readonly Buffer[]): Buffer {
  switch (random.oneOf(['again', 'noise', 'run', 'word', 'word', 'word'] as const)) {
    case 'again': {
      return before.length > 0
        ? Buffer.concat(before.slice(random.below(before.length)).slice(0, 30))
        : Buffer.from('again');
    }

    case 'noise': {
      return random.bytes(1 + random.below(60));
    }

    case 'run': {
      return Buffer.alloc(1 + random.below(random.chance(0.1) ? 2000 : 40), random.below(256));
    }

    case 'word': {
      return random.oneOf(words);
    }
  }
}
