import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A folder of one's own that is there until the tests of this process are over. */
export function scratchFolder(name: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), `cachectl-${name}-`));
  folders.push(folder);
  return folder;
}

const folders: string[] = [];

process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { force: true, recursive: true });
});
