/** So many of them, and no more is asked for. */
export async function* first<T>(items: AsyncIterable<T>, most: number | undefined): AsyncGenerator<T> {
  let given = 0;
  for await (const item of items) {
    yield item;
    if (++given === most) return;
  }
}
