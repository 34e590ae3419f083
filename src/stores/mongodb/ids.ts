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
    `MongoDB cannot hold ${printKey(text)}: it is not valid UTF-8`,
    'Keys, tags, locks and owners in MongoDB are UTF-8 text. Rename the key, or keep it in another store.',
  );
}
