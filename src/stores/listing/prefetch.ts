/** Yield items while the next one is already being fetched. A consumer that stops early does not wait for it. */
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

/** A failure is thrown where the promise is awaited. After an early stop nothing awaits it. */
function ignoreFailure(promise: Promise<unknown>): void {
  promise.catch(() => {});
}
