import type { OtherKind } from '../../stores/contract/inspection.js';
import type { Reading, Store } from '../../stores/contract/store.js';

import { WrongTypeError } from '../../errors.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { structureText } from '../../stores/entries/structure-text.js';
import { answer, answersAPerson, note } from '../../terminal/output.js';

/** The content of a key that holds no entry, such as a Redis hash, with its first members. */
export interface Structure extends OtherKind {
  readonly elements: ReadonlyArray<readonly string[]>;
  readonly ttl: number | null;
}

/** Structures by key. */
export type Structures = ReadonlyMap<string, Structure>;

/**
 * Read the first members of the keys that hold no entry, if the store supports it.
 * @param most the maximum number of members of each
 */
export async function structuresAmong(
  store: Store,
  { keys, readings, tags }: { keys: readonly string[]; readings: readonly Reading[]; tags?: readonly string[] },
  most: number,
): Promise<Structures> {
  const found = new Map<string, Structure>();
  if (store.inspect === undefined) return found;
  for (const [index, key] of keys.entries()) {
    if (!(readings[index] instanceof WrongTypeError) || found.has(key)) continue;
    const { other, expiresAt } = await store.inspect(key, tags, { elements: most });
    const ttl = expiresAt ? Math.max(0, Math.ceil((expiresAt.getTime() - Date.now()) / 1000)) : null;
    if (other?.elements !== undefined) found.set(key, { ...other, elements: other.elements, ttl });
  }

  return found;
}

/** Members of a structure in `--json`. */
export function structureFields(structure: Structure) {
  const { type, length, ttl } = structure;
  const left = leftOf(structure);
  return { type, length, elements: shownElements(structure), ...(left > 0 && { left }), ttl };
}

/** Print the members of one structure, one per line, with tabs between the parts of a member. */
export async function printStructure(structure: Structure): Promise<void> {
  const rows = structure.elements.map((parts) => parts.map((part) => printKey(part)));
  if (answersAPerson() && rows.length > 0) {
    const { table } = await import('../../terminal/table.js');
    const headings = HEADINGS[structure.type] ?? ['MEMBER'];
    const last = headings.length - 1;
    await answer(
      table(
        headings,
        rows.map((parts) => [...parts.slice(0, last), parts.slice(last).join('  ')]),
      ),
    );
  } else await answer(rows.map((parts) => `${parts.join('\t')}\n`).join(''));

  const left = leftOf(structure);
  const more = left > 0 ? `; ${left} more are not shown: --limit ${structure.length}` : '';
  note(`a Redis ${structureText(structure)}, not a cache entry${more}`);
}

/** The members on one line, for a row of a list. */
export function structureLine(structure: Structure): string {
  return JSON.stringify(shownElements(structure));
}

const HEADINGS: Readonly<Record<string, readonly string[]>> = {
  hash: ['FIELD', 'VALUE'],
  stream: ['ID', 'FIELDS'],
  zset: ['MEMBER', 'SCORE'],
};

function shownElements({ elements }: Structure): Array<string | string[]> {
  const printed = elements.map((parts) => parts.map((part) => printKey(part)));
  return printed.map((parts) => (parts.length === 1 ? parts[0]! : parts));
}

function leftOf({ length, elements }: Structure): number {
  return Math.max(0, (length ?? 0) - elements.length);
}
