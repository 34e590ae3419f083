/** What is known of a document from the last look. */
interface Known {
  mark: string;
  /** In milliseconds. */
  expires: number;
  look: number;
}

/** What a look found at one document. */
export interface Sighting {
  readonly id: string;
  /** Another one when what matters of it is another. */
  readonly mark: string;
  readonly expires: Date;
}

/**
 * The documents of a collection as the last look found them, for telling differences. What is found is remembered at once,
 * so that a look that fails on its way is gone on with by the next one, and nothing is told twice.
 */
export class Remembered {
  readonly #known = new Map<string, Known>();
  #look = 0;

  begin(): void {
    this.#look++;
  }

  /** How it differs from what was known. */
  saw({ id, mark, expires }: Sighting): 'changed' | 'new' | 'same' {
    const known = this.#known.get(id);
    if (known === undefined) {
      this.#known.set(id, { mark, expires: expires.getTime(), look: this.#look });
      return 'new';
    }

    const difference = known.mark === mark ? 'same' : 'changed';
    known.mark = mark;
    known.expires = expires.getTime();
    known.look = this.#look;
    return difference;
  }

  /** When it would have expired, as far as is known, in milliseconds. */
  expiryOf(id: string): number | undefined {
    return this.#known.get(id)?.expires;
  }

  /** Forgets what this look, which is over, did not see. */
  forgetUnseen(gone: (id: string, expires: number) => void): void {
    for (const [id, { expires, look }] of this.#known) {
      if (look === this.#look) continue;
      this.#known.delete(id);
      gone(id, expires);
    }
  }
}
