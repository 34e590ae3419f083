import { readFileSync } from 'node:fs';

/** Data written by Laravel 13.26; the file says how. */
interface Laravel13 {
  readonly redis: Readonly<Record<string, Laravel13Redis>>;
  readonly file: {
    readonly entries: ReadonlyArray<{ key: string; kind: string; path: string; content_base64: string }>;
  };
}

/** The keys of an application on Redis. */
export interface Laravel13Redis {
  readonly connection_prefix: string;
  readonly cache_prefix: string;
  readonly serializer: string;
  readonly compression: string;
  readonly database: number;
  readonly lock_database: number;
  readonly entries: ReadonlyArray<{
    /** With both prefixes. */
    readonly key: string;
    readonly database: number;
    readonly kind: 'entry' | 'lock' | 'tag';
    /** Seconds; -1 for never. */
    readonly ttl: number;
    /** For a string. */
    readonly value_base64?: string;
  }>;
}

export function readLaravel13(): Laravel13 {
  return JSON.parse(readFileSync(new URL('../fixtures/laravel13.json', import.meta.url), 'utf8')) as Laravel13;
}
