/**
 * Process items as they come, up to `most` at once, so that source and consumer do not wait for each other. Starts
 * nothing after a failure. Returns, or throws the first failure, when all running work has ended.
 */
export async function overlapping<T>(
  items: AsyncIterable<T> | Iterable<T>,
  most: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const working = new Set<Promise<void>>();
  const failures: unknown[] = [];
  try {
    for await (const item of items) {
      const task: Promise<void> = work(item)
        .catch((error: unknown) => {
          failures.push(error);
        })
        .finally(() => working.delete(task));
      working.add(task);
      if (working.size >= most) await Promise.race(working);
      if (failures.length > 0) break;
    }
  } finally {
    await Promise.all(working);
  }

  if (failures.length > 0) throw failures[0];
}
