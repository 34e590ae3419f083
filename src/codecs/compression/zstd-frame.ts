/**
 * The frame of Zstandard (RFC 8878): a magic number; a descriptor of the head, which says what the head has; the head; blocks,
 * each with a head of its own; a checksum, if the descriptor says so.
 */

/** How large the content claims to be. Undefined: this is no frame, or does not tell. */
export function contentSizeOf(bytes: Buffer): number | undefined {
  const head = headOf(bytes);
  if (!head || head.sizeLength === 0 || head.end > bytes.length) return undefined;
  const at = head.end - head.sizeLength;
  switch (head.sizeLength) {
    case 1: {
      return bytes.readUInt8(at);
    }

    case 2: {
      return bytes.readUInt16LE(at) + 256;
    }

    case 4: {
      return bytes.readUInt32LE(at);
    }

    default: {
      return Number(bytes.readBigUInt64LE(at));
    }
  }
}

/** The frame in parts that become no more than a block each; undefined where it is cut off, or more follows. */
export function* partsOf(bytes: Buffer): Generator<Buffer | undefined> {
  const head = headOf(bytes);
  let start = 0;
  let at = head?.end ?? Infinity;
  for (let isLast = false; !isLast;) {
    if (at + BLOCK_HEAD > bytes.length) return yield;
    const block = bytes.readUIntLE(at, BLOCK_HEAD);
    isLast = (block & 1) === 1;
    // A block of the type 1 repeats one byte, and has no more than that.
    at += BLOCK_HEAD + (((block >> 1) & 3) === 1 ? 1 : block >> 3);
    if (isLast && head!.hasChecksum) at += CHECKSUM;
    if (at > bytes.length || (isLast && at < bytes.length)) return yield;
    yield bytes.subarray(start, at);
    start = at;
  }
}

/** The same frame, which did not tell how large its content is, telling it. */
export function withContentSize(frame: Buffer, size: number): Buffer {
  const { end, descriptor } = headOf(frame)!;
  const head = Buffer.alloc(end + 4);
  frame.copy(head, 0, 0, end);
  head[MAGIC.length] = descriptor | SIZE_OF_4;
  head.writeUInt32LE(size, end);
  return Buffer.concat([head, frame.subarray(end)]);
}

interface Head {
  readonly descriptor: number;
  /** The size of the content is the last thing in the head, in so many bytes. */
  readonly sizeLength: number;
  /** Where the first block begins. */
  readonly end: number;
  readonly hasChecksum: boolean;
}

const MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const BLOCK_HEAD = 3;
const CHECKSUM = 4;
const SIZE_OF_4 = 0x80;

function headOf(bytes: Buffer): Head | undefined {
  const descriptor = bytes[MAGIC.length];
  if (descriptor === undefined || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  // In a single segment the content is the window, and has a size always.
  const isSingle = (descriptor & 0x20) !== 0;
  const sizeLength = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const dictionaryLength = [0, 1, 2, 4][descriptor & 3]!;
  return {
    descriptor,
    sizeLength,
    end: MAGIC.length + 1 + (isSingle ? 0 : 1) + dictionaryLength + sizeLength,
    hasChecksum: (descriptor & 0x04) !== 0,
  };
}
