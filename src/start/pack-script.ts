import { readFileSync } from 'node:fs';
import path from 'node:path';
import { constants, Script } from 'node:vm';
import { crc32 } from 'node:zlib';

/**
 * The script of a pack, compiled: from the code cache in the file where that is of this very V8, which V8 itself looks
 * into. Undefined where there is no such file, or a damaged one: V8 believes its cache, and would fall over it.
 *
 * The file is, in little-endian order, the CRC-32 of what follows it, the length of the script (32 bits each), the script,
 * and its code cache: one file, so that the two belong together while another build is put in place.
 */
export function packScript(filename: string): Script | undefined {
  const file = read(filename);
  if (file === undefined || file.length < HEAD_LENGTH || crc32(file.subarray(4)) !== file.readUInt32LE())
    return undefined;
  const end = HEAD_LENGTH + file.readUInt32LE(4);
  // ASCII, since the build escapes the rest.
  const source = file.toString('latin1', HEAD_LENGTH, end);
  return new Script(source, {
    // For stack traces; the code cache has it in it, so it must not tell where it was built.
    filename: path.posix.join('cachectl', path.basename(filename)),
    // For drivers of the user's own.
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(file.length > end && { cachedData: file.subarray(end) }),
  });
}

const HEAD_LENGTH = 8;

function read(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
