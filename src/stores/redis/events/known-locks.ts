import type { Texts } from '../packing.js';

import { isLaravelLockName } from '../../locks/names.js';
import {
  isOwnerText,
  lockDetector,
  type LockDetector,
  type LockRule,
  MAX_OWNER,
  mayBeLockThere,
} from '../../locks/rule.js';
import { ownerOf } from '../locks/lock.js';

/** How many keys to remember. */
const MAX_KNOWN = 100_000;

/** Remembers which keys are locks, by their names and the values written to them. Values are bytes (`latin1`). */
export class KnownLocks {
  readonly #rule: LockRule;
  readonly #texts: Texts;
  readonly #detect: LockDetector;
  /** By stored key; only keys whose name alone would give another answer. */
  readonly #known = new Map<string, boolean>();

  constructor(rule: LockRule, texts: Texts) {
    this.#rule = rule;
    this.#texts = texts;
    this.#detect = lockDetector(rule);
  }

  /**
   * Whether a key is a lock.
   * @param name without prefixes
   * @param value the value that was just written; if omitted, the remembered answer, or a guess by name
   */
  has(full: string, name: string, value?: string): boolean {
    if (isLaravelLockName(name)) return true;
    const known = this.#known.get(full);
    if (value === undefined) return known ?? (this.#rule.isPlaceOfLocks && mayBeLockThere(name));
    const owner = this.#ownerIn(value);
    return this.#detect(name, owner) !== undefined || (known === true && isOwnerText(owner));
  }

  remember(full: string, name: string, isLock: boolean): void {
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.delete(full);
    if (isLock !== this.has(full, name)) this.#known.set(full, isLock);
  }

  /** Whether a script with one key acquires a lock: one of its arguments is an owner. */
  isTakenByScript(owners: readonly string[]): boolean {
    if (this.#rule.goesByNames) return false;
    const reasons = owners.map((text) => this.#detect('', this.#ownerIn(text)));
    return reasons.some((reason) => reason !== undefined && reason !== 'place');
  }

  forget(full: string): void {
    this.#known.delete(full);
  }

  clear(): void {
    this.#known.clear();
  }

  /** Owners are short; longer values are not decoded. */
  #ownerIn(value: string): string {
    return value.length > MAX_OWNER ? '' : ownerOf(this.#texts, Buffer.from(value, 'latin1'));
  }
}
