/** The same, with the next already being made while one is worked on. */
export async function* ahead<T>(items: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  let next = items.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      next = items.next();
      // Whoever waits for it is told.
      next.catch(() => {});
      yield value;
    }
  } finally {
    await items.return();
  }
}
