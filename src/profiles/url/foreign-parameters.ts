import type { Warn } from '../profile.js';

import { Fields } from '../fields.js';
import { quote } from '../settings.js';
import { nearestName } from '../suggest.js';

/** Parameters that a URL of another scheme has: to leave them out would be to go without TLS. */
const OF_TLS = ['ca', 'cert', 'key', 'verify'];

/** What parameters of clients are called. */
const NAME = /^[a-z][\w.-]*$/i;

/**
 * The same keys without those parameters of a URL that only other clients know (`read_timeout`, `alias`), which an
 * application's URL may have. What may be a misspelt key of ours stays, to be refused: without its prefix a flush would take
 * in more than was meant.
 * @param elsewhere keys of ours that are out of place here, and refused
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
    if ((await nearestName(key, known)) === undefined) foreign.push(key);
  }

  if (foreign.length === 0) return fields;
  const { where } = fields.entries.get(foreign[0]!)!;
  const what = foreign.length === 1 ? 'parameter' : 'parameters';
  warn(`${where}: ignored the ${what} ${foreign.map((key) => quote(key)).join(', ')}, which cachectl does not use`);
  const kept = [...fields.entries].filter(([key]) => !foreign.includes(key));
  return new Fields(new Map(kept), fields.where, fields.subject);
}
