import type { Ttl } from '../../contract/store.js';

/** Parse `ts=1795437380.981034 gid=2 type=item_get key=k%C5%BE status=not_found` into fields. */
export function fieldsOf(line: string): ReadonlyMap<string, string> {
  return new Map(line.split(' ').map((field) => split(field)));
}

/** `ts`. The fraction counts microseconds, without leading zeros. */
export function timeOf(text: string | undefined): Date {
  const [seconds, microseconds] = (text ?? '').split('.').map(Number);
  const time = new Date((seconds ?? Number.NaN) * 1000 + Math.floor((microseconds ?? 0) / 1000));
  return Number.isNaN(time.getTime()) ? new Date() : time;
}

/** `ttl`. Undefined if it has expired: the server prints a negative number as unsigned 32 bits. */
export function ttlOf(text: string | undefined): Ttl | undefined {
  const seconds = Number(text);
  if (seconds === 0) return null;
  return seconds < 2 ** 31 ? seconds : undefined;
}

function split(field: string): [string, string] {
  const at = field.indexOf('=');
  return [field.slice(0, at), field.slice(at + 1)];
}
