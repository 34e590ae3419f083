import type { ListedEntry } from '../../stores/contract/listing.js';
import type { Branch } from './tree.js';

import { printKey } from '../../stores/entries/printed-key.js';
import { LinePrinter } from '../../terminal/line-printer.js';
import { bytesText } from '../../terminal/numbers.js';
import { answer, answersAPerson } from '../../terminal/output.js';
import { count } from '../../terminal/progress.js';
import { HEAD, keyLine, keyRow } from './fields.js';

/** Rows of one table on a terminal. */
const PAGE = 500;

/** How many keys were printed, each on a line. */
export async function printKeys(keys: AsyncIterable<string>): Promise<number> {
  return printLines(keys, (key) => `${printKey(key)}\n`);
}

/** How many entries were printed: tables for a person, fields between tabs for a pipe. */
export async function printEntries(entries: AsyncIterable<ListedEntry>): Promise<number> {
  return answersAPerson() ? printTables(entries) : printLines(entries, keyLine);
}

async function printLines<T>(items: AsyncIterable<T>, line: (item: T) => string): Promise<number> {
  const printer = new LinePrinter();
  let printed = 0;
  for await (const item of items) {
    await printer.print(line(item));
    printed++;
  }

  await printer.flush();
  return printed;
}

async function printTables(entries: AsyncIterable<ListedEntry>): Promise<number> {
  const { compactTable } = await import('../../terminal/table.js');
  let printed = 0;
  let rows: string[][] = [];
  const print = async (): Promise<void> => {
    if (rows.length > 0) await answer(compactTable(HEAD, rows));
    printed += rows.length;
    rows = [];
  };

  for await (const entry of entries) {
    rows.push(keyRow(entry));
    if (rows.length === PAGE) await print();
  }

  await print();
  return printed;
}

/** A tree for a person, the largest branches first; for a pipe a line for each: path, entries, bytes. */
export async function printTree(whole: Branch, limit: number | undefined): Promise<void> {
  await (answersAPerson() ? printPicture(whole, limit ?? SHOWN) : answer(treeLines(whole, '', limit).join('')));
}

/** As `--json` has it. */
export function treeFields({ name, entries, bytes, branches }: Branch, limit: number | undefined): BranchFields {
  const shown = branches.slice(0, limit).map((branch) => treeFields(branch, limit));
  return { name: printKey(name), entries, bytes, branches: shown };
}

type BranchFields = { name: string; entries: number; bytes: number; branches: BranchFields[] };

/** Branches of each branch that a person is shown, unless told otherwise. */
const SHOWN = 20;

function treeLines({ branches }: Branch, path: string, limit: number | undefined): string[] {
  return branches.slice(0, limit).flatMap((branch) => {
    const full = path + branch.name;
    return [`${printKey(full)}\t${branch.entries}\t${branch.bytes}\n`, ...treeLines(branch, full, limit)];
  });
}

async function printPicture(whole: Branch, limit: number): Promise<void> {
  const { compactTable } = await import('../../terminal/table.js');
  const rows = [row('all', whole), ...pictureRows(whole, limit, '')];
  await answer(compactTable(['KEYS', 'ENTRIES', 'BYTES'], rows));
}

function pictureRows({ branches }: Branch, limit: number, indent: string): string[][] {
  const more = branches.length - limit;
  return [
    ...branches
      .slice(0, limit)
      .flatMap((branch) => [
        row(`${indent}${printKey(branch.name)}`, branch),
        ...pictureRows(branch, limit, `${indent}  `),
      ]),
    ...(more > 0 ? [[`${indent}… and ${count(more)} more`, '', '']] : []),
  ];
}

function row(name: string, { entries, bytes }: Branch): string[] {
  return [name, count(entries), bytesText(bytes)];
}
