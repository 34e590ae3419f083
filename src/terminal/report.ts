import type { JsonField, JsonFields } from './json.js';

import { wrapToColumns } from './columns.js';
import { JsonText } from './json.js';
import { answer, answerJson, answersAPerson, terminalColumns } from './output.js';
import { styleAnswer } from './style.js';
import { forTerminal, lineField } from './value-text.js';

/** One field of a report: a name and value for programs, a label and text for people. */
export interface Field {
  /** The name in JSON and in a pipe. */
  readonly name: string;
  /** The JSON value. Undefined means unknown: omitted, in a pipe too unless `plain` is set. */
  readonly value?: JsonField;
  /** Nested fields instead of a value: an object, or a list of objects. */
  readonly members?: ReadonlyArray<readonly Field[]> | readonly Field[] | undefined;
  /** The text in a pipe, if it differs from the value. A list prints one line per text. */
  readonly plain?: readonly string[] | string | undefined;
  /** The label for people. Without one, the field is hidden from them. */
  readonly label?: string;
  /** The text for people, if it differs from a pipe's. */
  readonly text?: string | undefined;
}

export function reportJson(fields: readonly Field[]): JsonFields {
  const members = fields.map((field) => [field.name, jsonOf(field)] as const);
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}

/** A report for a pipe: `name<tab>value` lines. Members have dotted names, as in JSON: `servers.0.entries`. */
export function reportLines(fields: readonly Field[], within = ''): string {
  return fields.map((field) => linesOf(field, within)).join('');
}

/** A report for a person: labels and texts in two columns, wrapped at words. Lists of objects are left out. */
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

/** Print a report as JSON, as text on a terminal, or as lines in a pipe. */
export async function printReport(fields: readonly Field[], json: boolean): Promise<void> {
  await (json ? answerJson(reportJson(fields)) : answer(answersAPerson() ? reportText(fields) : reportLines(fields)));
}

/** Wrap text that follows a label of `width` columns, with a hanging indent. */
export function hanging(text: string, width: number): string {
  const room = Math.max(20, terminalColumns() - width);
  return wrapToColumns(text, room).join(`\n${' '.repeat(width)}`);
}

/** A value on one line for a pipe or a table. Undefined if it is unknown. */
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

/** Flatten the fields of nested objects. */
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

/** Escape control characters: cached data could otherwise control the terminal. */
function safe(text: string): string {
  return forTerminal(Buffer.from(lineField(text)));
}
