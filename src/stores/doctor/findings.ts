import type { CachectlError } from '../../errors.js';
import type { Finding } from '../contract/store.js';

/** A fault from an error. */
export function failed(subject: string, error: CachectlError): Finding {
  return { subject, state: 'fault', message: error.message, hint: error.hint, cause: error };
}

export function ok(subject: string, message: string): Finding {
  return { subject, state: 'ok', message };
}

export function warning(subject: string, message: string, hint: string): Finding {
  return { subject, state: 'warning', message, hint };
}

/** A check that was skipped. */
export function skipped(subject: string, message: string, hint?: string): Finding {
  return { subject, state: 'skipped', message, ...(hint !== undefined && { hint }) };
}

/** `1,204 entries`, `1 entry`. */
export function counted(number: number, one: string, many: string): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

/** `3 days`, `5 hours`, `2 minutes`. */
export function ageText(seconds: number): string {
  const [length, unit] = AGES.find(([least]) => seconds >= least) ?? [1, 'second'];
  const number = Math.floor(seconds / length);
  return counted(number, unit, `${unit}s`);
}

const AGES = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
] as const;
