import { quoted } from '../codecs/json/text.js';

/** Text that is already JSON, such as an exact number, and is embedded unchanged. */
export class JsonText {
  constructor(readonly text: string) {}
}

export type JsonField = boolean | JsonField[] | JsonFields | JsonText | null | number | string | undefined;

/** The members of a document. Undefined members are left out. */
export interface JsonFields {
  readonly [name: string]: JsonField;
}

/** Compact JSON, safe for a terminal. `JSON.stringify` cannot embed exact text: it would round 64-bit integers. */
export function stringify(value: JsonField | readonly JsonFields[]): string {
  if (value instanceof JsonText) return value.text;
  if (Array.isArray(value)) return `[${value.map((item: JsonField) => stringify(item)).join(',')}]`;
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => `${quoted(name)}:${stringify(member)}`);
  return `{${members.join(',')}}`;
}

/** A failure after part of a JSON array was printed. The error is reported as the last member. */
export class UnfinishedListError extends Error {
  constructor(override readonly cause: unknown) {
    super('the list ended early');
  }
}
