import { UsageError } from '../../errors.js';
import { isUtf8Key } from '../entries/key-text.js';
import { printKey } from '../entries/printed-key.js';

/**
 * The text for an `_id`, a tag or an owner. BSON strings are UTF-8.
 * @throws UsageError for bytes that are not
 */
export function storable(text: string): string {
  if (isUtf8Key(text)) return text;
  throw new UsageError(
    `MongoDB cannot store ${printKey(text)}: it is not valid UTF-8`,
    'In MongoDB keys, tags, locks and owners are UTF-8 text. Rename the key, or use another store.',
  );
}
