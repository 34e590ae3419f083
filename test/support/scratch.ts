import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A new folder that exists until the tests of this process end. */
export function scratchFolder(name: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), `cachectl-${name}-`));
  folders.push(folder);
  return folder;
}

const folders: string[] = [];

process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { force: true, recursive: true });
});

// Mocha sends this to a worker that is not done with that after a second.
process.once('SIGTERM', () => process.exit());
