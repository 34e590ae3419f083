/** Yields the items while the next one is already being produced. Whoever stops early does not wait for that one. */
export async function* prefetch<T>(items: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  let next = items.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      next = items.next();
      ignoreFailure(next);
      yield value;
    }
  } finally {
    ignoreFailure(items.return());
  }
}

/** A failure is thrown where the promise is awaited; nobody awaits it after an early stop. */
function ignoreFailure(promise: Promise<unknown>): void {
  promise.catch(() => {});
}
