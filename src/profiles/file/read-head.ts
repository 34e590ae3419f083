import { createReadStream, readFileSync, statSync } from 'node:fs';

/** Read a file, but at most one byte more than `most`, so that an endless device ends. */
export async function readHead(file: string, most: number): Promise<Buffer> {
  const stats = statSync(file);
  // Reading at once is faster than loading streams.
  if (stats.isFile() && stats.size > 0 && stats.size <= most) return readFileSync(file);
  const { openFifo } = await import('../../fifo.js');
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of openFifo(file) ?? createReadStream(file, { end: most })) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > most) break;
  }

  return Buffer.concat(chunks).subarray(0, most + 1);
}
