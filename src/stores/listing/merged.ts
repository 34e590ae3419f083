/**
 * Yield the items of several sources as they come, each source working on its next item meanwhile. If one fails, the
 * items that the others were working on come first. A consumer that stops early does not wait for them.
 */
export async function* merged<T>(sources: ReadonlyArray<AsyncGenerator<T, void>>): AsyncGenerator<T, void> {
  if (sources.length === 1) {
    yield* sources[0]!;
    return;
  }

  const pending = new Map(sources.map((source) => [source, outcome(source)]));
  const failures: unknown[] = [];
  try {
    while (pending.size > 0) {
      const { source, result, error } = await Promise.race(pending.values());
      pending.delete(source);
      if (result === undefined) failures.push(error);
      else if (!result.done) {
        if (failures.length === 0) pending.set(source, outcome(source));
        yield result.value;
      }
    }
  } finally {
    for (const source of sources) source.return().catch(() => {});
  }

  if (failures.length > 0) throw failures[0];
}

interface Outcome<T> {
  readonly source: AsyncGenerator<T, void>;
  /** Undefined after a failure. */
  readonly result?: IteratorResult<T, void>;
  readonly error?: unknown;
}

/** Never rejects. */
async function outcome<T>(source: AsyncGenerator<T, void>): Promise<Outcome<T>> {
  try {
    return { source, result: await source.next() };
  } catch (error) {
    return { source, error };
  }
}
