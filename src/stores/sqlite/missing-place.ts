import type { PlaceDoubt } from '../contract/doctor.js';
import type { SqliteContext } from './context.js';

/** Report a missing file or table of entries or locks. Undefined if it exists. */
export async function missingPlace(
  { connection, tables, profile: { path, table, lockTable } }: SqliteContext,
  place: 'entries' | 'locks',
): Promise<PlaceDoubt | undefined> {
  if (!connection.run(() => connection.exists())) {
    return {
      kind: 'absent',
      message: `there is no cache at ${path}: the file does not exist yet`,
      hint: 'Check the path in the profile or URL. If the cache is new, the first put creates the file.',
    };
  }

  if (connection.run(() => tables.has(place === 'entries' ? 'cache' : 'locks'))) return undefined;
  // Older files and caches without locks lack that table; only a custom name can be a typo.
  if (place === 'locks' && lockTable === 'cache_locks') return undefined;
  const [key, name, write] = place === 'entries' ? ['table', table, 'put'] : ['lockTable', lockTable, 'lock'];
  return {
    kind: 'absent',
    message: `${path} has no table ${name}`,
    hint: `Check path and ${key} in the profile or URL. If the cache is new, the first ${write} creates the table.`,
  };
}
