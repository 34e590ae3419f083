import type { JsonFields } from '../terminal/json.js';

import { ClosedPipeError } from '../errors.js';
import { stringify } from '../terminal/json.js';
import { LinePrinter } from '../terminal/line-printer.js';
import { errorFields, toFailure, ToldError } from './report-error.js';

/**
 * An array as one JSON document on one line, printed as its members come. What ends them too early is told by the last
 * of them, `{"error": …}`, since a document of its own behind a list that has begun would leave neither readable.
 * @throws ToldError then
 */
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
  } catch (error) {
    if (before === '[' || error instanceof ClosedPipeError) throw error;
    await printer.print(`${before}${stringify({ error: errorFields(toFailure(error)) })}]\n`);
    throw new ToldError(error);
  } finally {
    await printer.flush();
  }
}
