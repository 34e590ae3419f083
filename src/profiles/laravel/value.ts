/** A value of Laravel's configuration, with its source. */
export interface Traced {
  readonly value: ConfigValue;
  readonly from: Origin;
}

export interface Origin {
  /** For messages: `.env:12 (REDIS_HOST)`, `config/cache.php:40`, `defaults of Laravel 12`. */
  readonly place: string;
  /** The environment variable that holds the whole value. */
  readonly variable?: string;
}

/** The PHP values used in configuration. UNKNOWN is an expression that only PHP can evaluate. */
export type ConfigValue = boolean | ConfigArray | null | number | string | typeof UNKNOWN;
export type ConfigArray = ReadonlyMap<string, Traced>;

export const UNKNOWN = undefined;

/** Look up a variable like Laravel's `env()`, which converts the words `true`, `null` and `empty`. */
export type Env = (name: string) => Traced | undefined;

/** The value at a path of keys, or null. */
export function at(root: Traced, ...keys: readonly string[]): Traced {
  let found = root;
  for (const key of keys) {
    if (!(found.value instanceof Map)) return { value: found.value === UNKNOWN ? UNKNOWN : null, from: found.from };
    found = (found.value as ConfigArray).get(key) ?? { value: null, from: found.from };
  }

  return found;
}

/** PHP's `array_merge` for two arrays with string keys. */
export function merged(base: Traced, over: Traced): Traced {
  if (!(base.value instanceof Map) || !(over.value instanceof Map)) return over;
  return { value: new Map([...(base.value as ConfigArray), ...(over.value as ConfigArray)]), from: over.from };
}

/** The text of a value, converted like PHP does. */
export function toText(value: ConfigValue): string | typeof UNKNOWN {
  if (value === UNKNOWN || value instanceof Map) return UNKNOWN;
  if (value === null || value === false) return '';
  return value === true ? '1' : String(value);
}
