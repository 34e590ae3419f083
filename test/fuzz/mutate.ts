import type { Random } from './random.js';

/** Return the bytes with a few random changes, such as accidents or attacks would cause. */
export function mutated(bytes: Buffer, random: Random): Buffer {
  let result = bytes;
  for (let times = 1 + random.below(3); times > 0; times--) result = once(result, random);
  return result;
}

function once(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const before = bytes.subarray(0, at);
  const after = bytes.subarray(at);
  switch (random.oneOf(['cut', 'delete', 'digit', 'double', 'flip', 'insert', 'token'] as const)) {
    case 'cut': {
      return before;
    }

    case 'delete': {
      return Buffer.concat([before, after.subarray(1 + random.below(3))]);
    }

    case 'digit': {
      // Counts, lengths, references and numbers, the weak points of a parser.
      const number = String(random.oneOf([0, 1, 2, 7, 4096, 2 ** 31, 2 ** 32, '9'.repeat(30), -1]));
      return Buffer.from(
        bytes
          .toString('latin1')
          .replaceAll(/\d+/g, (digits, offset) => (offset >= at && random.chance(0.2) ? number : digits)),
        'latin1',
      );
    }

    case 'double': {
      return Buffer.concat([before, after.subarray(0, 1 + random.below(20)), after]);
    }

    case 'flip': {
      const copy = Buffer.from(bytes);
      if (at < copy.length) copy[at] = copy[at]! ^ (1 << random.below(8));
      return copy;
    }

    case 'insert': {
      return Buffer.concat([before, random.bytes(1 + random.below(3)), after]);
    }

    case 'token': {
      return Buffer.concat([before, Buffer.from(random.oneOf(TOKENS)), after]);
    }
  }
}

/** Words of PHP's format. */
export const PHP_TOKENS = [
  'N;',
  'i:5;',
  'R:1;',
  'r:1;',
  'R:2;',
  'r:2;',
  's:1:"a";',
  String.raw`S:1:"\61";`,
  'a:1:{',
  '}',
  'd:1e5;',
  'i:0;a:0:{}',
  'i:0;a:1:{',
  'C:6:"Legacy":2:{N;}',
  'O:8:"stdClass":1:{',
  'E:11:"Suit:Hearts";',
  'b:1;',
  'd:INF;',
  's:9:"__proto__";',
  'O:9:"__proto__":0:{}',
  'i:0;R:2;',
  'a:1000000000:{',
  's:0:"";',
];

const TOKENS = [...PHP_TOKENS, '"', ';', '{', '[', ','];
