import type { JsonField, JsonFields } from './json.js';

import { wrapToColumns } from './columns.js';
import { JsonText } from './json.js';
import { answer, answerJson, answersAPerson, terminalColumns } from './output.js';
import { styleAnswer } from './style.js';
import { forTerminal, lineField } from './value-text.js';

/** One fact of a report: its name and value for programs, its label and text for people. */
export interface Field {
  /** In JSON and in a pipe. */
  readonly name: string;
  /** As in JSON. Undefined is not known: it is left out, in a pipe, too, unless `plain` says otherwise. */
  readonly value?: JsonField;
  /** In place of a value: an object of these, or a list of such objects. */
  readonly members?: ReadonlyArray<readonly Field[]> | readonly Field[] | undefined;
  /** In a pipe, where that is not the value itself; of several texts each has a line of its own. */
  readonly plain?: readonly string[] | string | undefined;
  /** For people; without one they are not shown the fact. */
  readonly label?: string;
  /** For people, where that is not what a pipe gets. */
  readonly text?: string | undefined;
}

/** A report as one JSON document. */
export function reportJson(fields: readonly Field[]): JsonFields {
  const members = fields.map((field) => [field.name, jsonOf(field)] as const);
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}

/** A report for a pipe: `name<tab>value` lines. Members have dotted names, as in JSON: `servers.0.entries`. */
export function reportLines(fields: readonly Field[], within = ''): string {
  return fields.map((field) => linesOf(field, within)).join('');
}

/** A report for a person: labels and texts in two columns, which wrap at words. Lists of members are not among them. */
export function reportText(fields: readonly Field[], indent = '', columns = terminalColumns()): string {
  const rows = flat(fields).flatMap((field) => {
    const text = field.label === undefined ? undefined : (field.text ?? plainOf(field)?.toString());
    return text === undefined || text === '' ? [] : [{ label: field.label!, text: safe(text) }];
  });
  if (rows.length === 0) return '';
  const width = Math.max(...rows.map(({ label }) => label.length));
  const hanging = ' '.repeat(indent.length + width + GAP);
  const room = Math.max(20, columns - hanging.length);
  return rows
    .map(({ label, text }) => {
      const [first, ...others] = wrapToColumns(text, room);
      const head = `${indent}${styleAnswer('dim', label.padEnd(width + GAP))}`;
      return [`${head}${first}\n`, ...others.map((line) => `${hanging}${line}\n`)].join('');
    })
    .join('');
}

/** Prints a report for whoever reads it. @param json one document */
export async function printReport(fields: readonly Field[], json: boolean): Promise<void> {
  await (json ? answerJson(reportJson(fields)) : answer(answersAPerson() ? reportText(fields) : reportLines(fields)));
}

/** Text for a person after a label or a state of `width` columns: wrapped at words, with a hanging indent. */
export function hanging(text: string, width: number): string {
  const room = Math.max(20, terminalColumns() - width);
  return wrapToColumns(text, room).join(`\n${' '.repeat(width)}`);
}

/** A value on one line for a pipe or a table; undefined of what is not known. */
export function plainText(value: JsonField): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (value instanceof JsonText) return value.text;
  if (Array.isArray(value)) return value.map((item) => plainText(item) ?? '').join(',');
  return typeof value === 'object' ? undefined : String(value);
}

/** Columns between a label and its text. */
const GAP = 2;

function jsonOf({ value, members }: Field): JsonField {
  if (members === undefined) return value;
  if (isList(members)) return members.map((each) => reportJson(each));
  return reportJson(members);
}

function linesOf(field: Field, within: string): string {
  const { name, members } = field;
  const path = within + name;
  if (members === undefined) {
    const plain = plainOf(field);
    if (typeof plain === 'object') return plain.map((each, index) => `${path}.${index}\t${lineField(each)}\n`).join('');
    return plain === undefined ? '' : `${path}\t${lineField(plain)}\n`;
  }

  if (!isList(members)) return reportLines(members, `${path}.`);
  return members.map((each, index) => reportLines(each, `${path}.${index}.`)).join('');
}

/** Those of objects among the others. */
function flat(fields: readonly Field[]): Field[] {
  return fields.flatMap((field) => {
    const { members } = field;
    return members === undefined ? [field] : isList(members) ? [] : flat(members);
  });
}

function plainOf({ plain, value }: Field): readonly string[] | string | undefined {
  return plain ?? plainText(value);
}

function isList(members: NonNullable<Field['members']>): members is ReadonlyArray<readonly Field[]> {
  return members.length === 0 || Array.isArray(members[0]);
}

/** Whoever can write to the cache could otherwise write on the screen of whoever reads it. */
function safe(text: string): string {
  return forTerminal(Buffer.from(lineField(text)));
}
