/**
 * Works on items as they come, on up to `most` at once, so that neither who gives them nor who takes them waits for the
 * other. After a failure nothing new is begun. Returns, or throws the first failure, when all that was begun is over.
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
