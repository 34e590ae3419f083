/** Count the items. @throws the signal's reason */
export async function counted(items: AsyncIterable<unknown>, signal?: AbortSignal): Promise<number> {
  const iterator = items[Symbol.asyncIterator]();
  let number = 0;
  while (!(await iterator.next()).done) {
    number++;
    signal?.throwIfAborted();
  }

  return number;
}
