/** The state of an entry or lock at the last poll. */
interface Known {
  hash: string;
  /** Unix time in milliseconds. */
  expires: number;
  poll: number;
}

/** The state of an entry or lock at this poll. */
export interface SeenEntry {
  readonly id: string;
  /** A hash of the fields whose change is an event. */
  readonly hash: string;
  readonly expires: Date;
}

/**
 * The entries of a table or collection at the last poll. Each one is stored as soon as it is read, so that after a failed
 * poll the next one continues, and no event is emitted twice.
 */
export class Snapshot {
  readonly #known = new Map<string, Known>();
  #poll = 0;

  begin(): void {
    this.#poll++;
  }

  /** Store an entry. @returns how it differs from the last poll */
  update({ id, hash, expires }: SeenEntry): 'changed' | 'new' | 'same' {
    const known = this.#known.get(id);
    if (known === undefined) {
      this.#known.set(id, { hash, expires: expires.getTime(), poll: this.#poll });
      return 'new';
    }

    const difference = known.hash === hash ? 'same' : 'changed';
    known.hash = hash;
    known.expires = expires.getTime();
    known.poll = this.#poll;
    return difference;
  }

  /** The expiry at the last poll, as Unix time in milliseconds. */
  expiryOf(id: string): number | undefined {
    return this.#known.get(id)?.expires;
  }

  /** Remove an entry. @returns whether the last poll found it */
  remove(id: string): boolean {
    return this.#known.delete(id);
  }

  /** Remove the entries that this poll, which is complete, did not find. */
  removeUnseen(removed: (id: string, expires: number) => void): void {
    for (const [id, { expires, poll }] of this.#known) {
      if (poll === this.#poll) continue;
      this.#known.delete(id);
      removed(id, expires);
    }
  }
}
