import { createRequire } from 'node:module';
import path from 'node:path';

/**
 * Where better-sqlite3's binary is. Left to itself the library tries a dozen places, from the folder of the file that it
 * is bundled into.
 */
export function binary(): string {
  const library = createRequire(import.meta.url).resolve('better-sqlite3/package.json');
  return path.join(path.dirname(library), 'build', 'Release', 'better_sqlite3.node');
}
