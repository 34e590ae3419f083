import type { Warn } from '../profile.js';

import { Fields } from '../fields.js';
import { quote } from '../settings.js';

/** TLS parameters of other schemes. Ignoring them would mean connecting without TLS. */
const OF_TLS = ['ca', 'cert', 'key', 'servername', 'verify'];

/** The form of clients' parameter names. */
const NAME = /^[a-z][\w.-]*$/i;

/**
 * Remove the parameters of a URL that only other clients know (`read_timeout`, `alias`). A possible typo of a key of
 * cachectl stays and is refused: without its prefix, a flush would remove too much.
 * @param elsewhere keys of cachectl that do not belong here, and are refused
 */
export async function withoutForeign(
  fields: Fields,
  known: readonly string[],
  warn: Warn,
  elsewhere: readonly string[] = [],
): Promise<Fields> {
  const ours = new Set([...known, ...elsewhere, ...OF_TLS]);
  const foreign: string[] = [];
  for (const [key, setting] of fields.entries) {
    if (setting.kind !== 'scalar' || !setting.isParameter || ours.has(key) || !NAME.test(key)) continue;
    const { nearestName } = await import('../nearest.js');
    if (nearestName(key, known) === undefined) foreign.push(key);
  }

  if (foreign.length === 0) return fields;
  const { where } = fields.entries.get(foreign[0]!)!;
  const what = foreign.length === 1 ? 'parameter' : 'parameters';
  warn(`${where}: ignored the ${what} ${foreign.map((key) => quote(key)).join(', ')}, which cachectl does not use`);
  const kept = [...fields.entries].filter(([key]) => !foreign.includes(key));
  return new Fields(new Map(kept), fields.where, fields.subject);
}
