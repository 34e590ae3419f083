import type { SqliteProfile } from '../../profiles/profile.js';
import type { PlaceDoubt } from '../contract/doctor.js';

/** The file, or else a table in it, is not there. */
export function placeDoubt(
  { path, table, lockTable }: SqliteProfile,
  place: 'entries' | 'locks',
  isFileThere: boolean,
): PlaceDoubt {
  if (!isFileThere) {
    return {
      kind: 'absent',
      message: `there is no cache at ${path}: the file does not exist yet`,
      hint: 'Check the path in the profile or URL. If the cache is new, the first put creates the file.',
    };
  }

  const [key, name, write] = place === 'entries' ? ['table', table, 'put'] : ['lockTable', lockTable, 'lock'];
  return {
    kind: 'absent',
    message: `${path} has no table ${name}`,
    hint: `Check path and ${key} in the profile or URL. If the cache is new, the first ${write} creates the table.`,
  };
}
