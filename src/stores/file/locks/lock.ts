import type { Lock, LockHolder, Ttl } from '../../contract/store.js';
import type { Content } from '../content.js';
import type { Folder } from '../folder.js';

import { openCodec } from '../../../codecs/open.js';
import { string } from '../../../codecs/value.js';
import { WrongTypeError } from '../../../errors.js';
import { keyFromBytes, keyToBytes } from '../../entries/key-text.js';
import { printKey } from '../../entries/printed-key.js';
import { expiryOf, ttlOf } from '../content.js';

/** A file whose value is the owner (Illuminate\Cache\FileLock). The owner is serialized, whatever the codec of values is. */
export class FileLock implements Lock {
  readonly #folder: Folder;
  readonly #key: string;

  constructor(folder: Folder, key: string) {
    this.#folder = folder;
    this.#key = key;
  }

  async acquire(owner: string, ttl: Ttl): Promise<boolean> {
    const next = { expiry: expiryOf(ttl), stored: OWNERS.encode(string(keyToBytes(owner))) };
    return this.#folder.change(this.#key, (held) => (held ? { result: false } : { result: true, next }));
  }

  async release(owner: string): Promise<boolean> {
    return this.#folder.change(this.#key, (held) =>
      this.#isHeldBy(owner, held) ? { result: true, next: null } : { result: false },
    );
  }

  async forceRelease(): Promise<boolean> {
    return this.#folder.change(this.#key, (held) => (held ? { result: true, next: null } : { result: false }));
  }

  async refresh(owner: string, ttl: Ttl): Promise<boolean> {
    return this.#folder.change(this.#key, (held) =>
      held && this.#isHeldBy(owner, held)
        ? { result: true, next: { ...held, expiry: expiryOf(ttl) } }
        : { result: false },
    );
  }

  async holder(): Promise<LockHolder | undefined> {
    const held = await this.#folder.live(this.#key);
    return held && { owner: this.#ownerOf(held), ttl: ttlOf(held.expiry) };
  }

  #isHeldBy(owner: string, held: Content | undefined): boolean {
    return held !== undefined && this.#ownerOf(held) === owner;
  }

  #ownerOf({ stored }: Content): string {
    const value = OWNERS.decode(stored);
    if (value.type === 'string') return keyFromBytes(value.value);
    throw new WrongTypeError(
      `"${printKey(this.#key)}" holds an entry, not a lock`,
      'Name the lock as the application does.',
    );
  }
}

const OWNERS = openCodec('php');
