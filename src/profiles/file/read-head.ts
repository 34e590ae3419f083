import { createReadStream, readFileSync, statSync } from 'node:fs';

/** Read a file, but at most one byte more than `most`, so that an endless device ends. */
export async function readHead(file: string, most: number): Promise<Buffer> {
  const stats = statSync(file);
  // Reading at once is faster than loading streams. A pipe blocks, and Ctrl-C must still work.
  if (stats.isFile() && stats.size > 0 && stats.size <= most) return readFileSync(file);
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(file, { end: most })) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
