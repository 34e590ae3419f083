import type { Branch } from './tree.js';

import { printKey } from '../../stores/entries/printed-key.js';
import { bytesText } from '../../terminal/numbers.js';
import { answer, answersAPerson } from '../../terminal/output.js';
import { count } from '../../terminal/progress.js';

/** Print a tree, the largest branches first. In a pipe, a line per branch: path, entries, bytes. */
export async function printTree(whole: Branch, limit: number | undefined): Promise<void> {
  await (answersAPerson() ? printPicture(whole, limit ?? SHOWN) : answer(treeLines(whole, '', limit).join('')));
}

/** A branch of `keys --tree --json`. */
export function treeFields({ name, entries, bytes, branches }: Branch, limit: number | undefined): BranchFields {
  const shown = branches.slice(0, limit).map((branch) => treeFields(branch, limit));
  return { name: printKey(name), entries, bytes, branches: shown };
}

type BranchFields = { name: string; entries: number; bytes: number; branches: BranchFields[] };

/** The default number of branches shown per branch at a terminal. */
const SHOWN = 20;

function treeLines({ branches }: Branch, path: string, limit: number | undefined): string[] {
  return branches.slice(0, limit).flatMap((branch) => {
    const full = path + branch.name;
    return [`${printKey(full)}\t${branch.entries}\t${branch.bytes}\n`, ...treeLines(branch, full, limit)];
  });
}

async function printPicture(whole: Branch, limit: number): Promise<void> {
  const { table } = await import('../../terminal/table.js');
  const rows = [row('all', whole), ...pictureRows(whole, limit, '')];
  await answer(table(['KEYS', { title: 'ENTRIES', isNumber: true }, { title: 'BYTES', isNumber: true }], rows));
}

function pictureRows({ branches }: Branch, limit: number, indent: string): string[][] {
  const more = branches.length - limit;
  return [
    ...branches.slice(0, limit).flatMap((branch) => {
      const shown = withOnlyChild(branch);
      return [row(`${indent}${printKey(shown.name)}`, shown), ...pictureRows(shown, limit, `${indent}  `)];
    }),
    ...(more > 0 ? [[`${indent}… and ${count(more)} more`, '', '']] : []),
  ];
}

/** A branch with a single branch of the same entries is one row: `views:home:`. */
function withOnlyChild(branch: Branch): Branch {
  const [only] = branch.branches;
  if (branch.branches.length !== 1 || only!.entries !== branch.entries) return branch;
  return withOnlyChild({ ...only!, name: branch.name + only!.name });
}

function row(name: string, { entries, bytes }: Branch): string[] {
  return [name, count(entries), bytesText(bytes)];
}
