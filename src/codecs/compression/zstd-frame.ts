/**
 * The frame of Zstandard (RFC 8878): a magic number, a descriptor of the header, the header, blocks that each have a
 * header, and a checksum if the descriptor says so.
 */

/** The content size that the frame claims. Undefined if there is no frame or no size. */
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

/**
 * Split the frame into parts of at most one decompressed block. Yields undefined if the frame is cut off or has
 * trailing bytes.
 */
export function* partsOf(bytes: Buffer): Generator<Buffer | undefined> {
  const head = headOf(bytes);
  let start = 0;
  let at = head?.end ?? Infinity;
  for (let isLast = false; !isLast;) {
    if (at + BLOCK_HEAD > bytes.length) return yield;
    const block = bytes.readUIntLE(at, BLOCK_HEAD);
    isLast = (block & 1) === 1;
    // A block of type 1 repeats a single byte.
    at += BLOCK_HEAD + (((block >> 1) & 3) === 1 ? 1 : block >> 3);
    if (isLast && head!.hasChecksum) at += CHECKSUM;
    if (at > bytes.length || (isLast && at < bytes.length)) return yield;
    yield bytes.subarray(start, at);
    start = at;
  }
}

/** Add the content size to a frame that lacks it. */
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
  /** The content size comes last in the header. */
  readonly sizeLength: number;
  /** The offset of the first block. */
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
  // A single segment always has a content size, which is also its window.
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
