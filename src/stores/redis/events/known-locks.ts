import type { Texts } from '../packing.js';

import { isLaravelLockName } from '../../locks/names.js';
import {
  isOwnerText,
  type LockRule,
  lockTeller,
  LONGEST_OWNER,
  mayBeLockThere,
  type Teller,
} from '../../locks/rule.js';
import { ownerOf } from '../locks/lock.js';

/** Keys remembered at most. */
const MOST_KNOWN = 100_000;

/** Which keys are locks, from their names and the values that were written to them. Values are bytes (`latin1`). */
export class KnownLocks {
  readonly #rule: LockRule;
  readonly #texts: Texts;
  readonly #tell: Teller;
  /** By full key, where the name alone would say otherwise. */
  readonly #known = new Map<string, boolean>();

  constructor(rule: LockRule, texts: Texts) {
    this.#rule = rule;
    this.#texts = texts;
    this.#tell = lockTeller(rule);
  }

  /**
   * @param name without prefixes
   * @param value that was just written; without it, what is remembered, or likely in a place of locks
   */
  has(full: string, name: string, value?: string): boolean {
    if (isLaravelLockName(name)) return true;
    const known = this.#known.get(full);
    if (value === undefined) return known ?? (this.#rule.isPlaceOfLocks && mayBeLockThere(name));
    const owner = this.#ownerIn(value);
    return this.#tell(name, owner) !== undefined || (known === true && isOwnerText(owner));
  }

  remember(full: string, name: string, isLock: boolean): void {
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.delete(full);
    if (isLock !== this.has(full, name)) this.#known.set(full, isLock);
  }

  /** A script with one key and an argument that looks like an owner makes that key a lock. */
  isTakenByScript(owners: readonly string[]): boolean {
    if (this.#rule.goesByNames) return false;
    const told = owners.map((text) => this.#tell('', this.#ownerIn(text)));
    return told.some((by) => by !== undefined && by !== 'place');
  }

  forget(full: string): void {
    this.#known.delete(full);
  }

  clear(): void {
    this.#known.clear();
  }

  /** Owners are short; longer values are not decoded. */
  #ownerIn(value: string): string {
    return value.length > LONGEST_OWNER ? '' : ownerOf(this.#texts, Buffer.from(value, 'latin1'));
  }
}
