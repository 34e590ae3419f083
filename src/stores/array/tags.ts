import type { BulkOptions, Tagged } from '../contract/store.js';
import type { ArrayContext } from './context.js';

import { taggedKey, tagHashOf } from '../tags/names.js';
import { Entries } from './entries.js';

export class ArrayTagged extends Entries implements Tagged {
  readonly #names: readonly string[];

  constructor(context: ArrayContext, names: readonly string[]) {
    super(context);
    this.#names = names;
  }

  async flush({ dryRun, signal, onProgress }: BulkOptions & { readonly dryRun: boolean }): Promise<number> {
    signal?.throwIfAborted();
    const { memory } = this.context;
    const carrying = new Set(this.storedTags().flatMap((tag) => [...(memory.tags.get(tag) ?? [])]));
    const live = [...carrying].filter((key) => this.#isOurs(key) && memory.live(key) !== undefined);
    if (dryRun) return live.length;
    for (const key of live) memory.remove(key);
    onProgress?.({ done: live.length });
    return live.length;
  }

  protected storedKey(key: string): string {
    return this.context.prefix + taggedKey(this.#names, key);
  }

  /** Another prefix and another name may read the same together. */
  #isOurs(key: string): boolean {
    const { prefix } = this.context;
    return key.startsWith(prefix) && tagHashOf(key.slice(prefix.length)) !== undefined;
  }

  protected storedTags(): readonly string[] {
    return this.#names.map((name) => this.context.prefix + name);
  }
}
