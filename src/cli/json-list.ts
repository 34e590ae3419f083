import type { JsonFields } from './json.js';

import { stringify } from './json.js';
import { LinePrinter } from './line-printer.js';

/** An array as one JSON document on one line, printed as its members come. */
export async function answerList<Item>(
  items: AsyncIterable<Item>,
  fieldsOf: (item: Item) => JsonFields,
): Promise<void> {
  const printer = new LinePrinter();
  let before = '[';
  try {
    for await (const item of items) {
      await printer.print(before + stringify(fieldsOf(item)));
      before = ',';
    }

    await printer.print(before === '[' ? '[]\n' : ']\n');
  } finally {
    await printer.flush();
  }
}
