import type { TailedRole } from '../../sql/events/row-events.js';

/** A change of a row, from the trigger's notification. */
export interface NotifiedChange {
  /** `flushed`: the table was truncated. */
  readonly kind: 'deleted' | 'flushed' | 'written';
  readonly role: TailedRole;
  /** The server's Unix time, in milliseconds. */
  readonly time: number;
  /** Bytes of the new value. Undefined for deletions and locks. */
  readonly size: number | undefined;
  /** The new expiration. Undefined for deletions. */
  readonly expiration: number | undefined;
  /** The old expiration. Undefined if the key did not exist. */
  readonly was: number | undefined;
  /** With the prefix. */
  readonly key: Buffer;
}

/**
 * Decodes payloads: `.KIND ROLE TIME SIZE EXPIRATION WAS KEY`, with `-` for what is undefined. A long one comes in chunks
 * `+MD5 NUMBER CHUNKS TEXT`. Chunks of a transaction are consecutive.
 */
export class ChangeDecoder {
  #chunks: string[] = [];
  #digest = '';

  /** The change, once it is complete. */
  decode(payload: string): NotifiedChange | undefined {
    if (payload.startsWith('.')) return changeOf(payload.slice(1));
    const [, digest, number, chunks, text] = CHUNK.exec(payload) ?? [];
    if (digest === undefined || text === undefined) return undefined;
    if (digest !== this.#digest) this.#chunks = [];
    this.#digest = digest;
    this.#chunks[Number(number) - 1] = text;
    if (number !== chunks) return undefined;
    const whole = this.#chunks.join('');
    this.#chunks = [];
    return changeOf(whole);
  }
}

const CHUNK = /^\+(\w{32}) (\d+) (\d+) (.*)$/s;
const CHANGE = /^(deleted|flushed|written) (cache|locks) (\d+) (\S+) (\S+) (\S+) (.*)$/s;

function changeOf(text: string): NotifiedChange | undefined {
  const [, kind, role, time, size, expiration, was, key] = CHANGE.exec(text) ?? [];
  if (key === undefined) return undefined;
  return {
    kind: kind as NotifiedChange['kind'],
    role: role as TailedRole,
    time: Number(time),
    size: numberOf(size),
    expiration: numberOf(expiration),
    was: numberOf(was),
    key: Buffer.from(key),
  };
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined || text === '-' ? undefined : Number(text);
}
