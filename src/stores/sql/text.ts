import type { Column } from './session.js';
import type { Parameter } from './statement.js';

import { keyFromBytes, keyToBytes } from '../entries/key-text.js';

/** A key, a tag or an owner as a parameter. */
export function text(key: string): Parameter {
  return { kind: 'text', bytes: keyToBytes(key) };
}

export function textBytes(bytes: Buffer): Parameter {
  return { kind: 'text', bytes };
}

export function value(bytes: Buffer): Parameter {
  return { kind: 'bytes', bytes };
}

/** A stored key, tag or owner without the prefix. */
export function shortText(stored: Buffer, prefix: string): string {
  return keyFromBytes(stored).slice(prefix.length);
}

/** A column of a system catalogue. */
export function plain(column: Column | undefined): string {
  return column === null || column === undefined ? '' : column.toString();
}
