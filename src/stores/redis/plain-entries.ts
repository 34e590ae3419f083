import type { Command } from './client/command.js';

import { Entries } from './entries.js';

/** Entries that carry no tags. */
export class PlainEntries extends Entries {
  protected storedKey(key: string): string {
    return this.context.keys.full(key);
  }

  protected written(): Command[] {
    return NOTHING_MORE;
  }

  protected incremented(): Command[] {
    return NOTHING_MORE;
  }

  protected touched(): Command[] {
    return NOTHING_MORE;
  }
}

const NOTHING_MORE: Command[] = [];
