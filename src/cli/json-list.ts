import type { JsonFields } from './json.js';

import { stringify } from './json.js';
import { answer } from './output.js';

/** An array as one JSON document on one line, printed as its members come. */
export async function answerList<Item>(
  items: AsyncIterable<Item>,
  fieldsOf: (item: Item) => JsonFields,
): Promise<void> {
  let before = '[';
  for await (const item of items) {
    await answer(before + stringify(fieldsOf(item)));
    before = ',';
  }

  await answer(before === '[' ? '[]\n' : ']\n');
}
