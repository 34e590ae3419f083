/** A value of Laravel's configuration, with the place that it comes from. */
export interface Traced {
  readonly value: ConfigValue;
  readonly from: Origin;
}

export interface Origin {
  /** For messages: `.env:12 (REDIS_HOST)`, `config/cache.php:40`, `defaults of Laravel 12`. */
  readonly place: string;
  /** The environment variable that holds the value, unless it is only a part of it. */
  readonly variable?: string;
}

/** PHP's values, as far as configuration has them. UNKNOWN is an expression that only PHP can evaluate. */
export type ConfigValue = boolean | ConfigArray | null | number | string | typeof UNKNOWN;
export type ConfigArray = ReadonlyMap<string, Traced>;

export const UNKNOWN = undefined;

/** Looks up a variable as `env()` of Laravel does: `true`, `null` and `empty` are words of its own. */
export type Env = (name: string) => Traced | undefined;

/** The value under a path of keys, `null` where there is none. */
export function at(root: Traced, ...keys: readonly string[]): Traced {
  let found = root;
  for (const key of keys) {
    if (!(found.value instanceof Map)) return { value: found.value === UNKNOWN ? UNKNOWN : null, from: found.from };
    found = (found.value as ConfigArray).get(key) ?? { value: null, from: found.from };
  }

  return found;
}

/** As PHP's `array_merge` of two arrays with names for keys. */
export function merged(base: Traced, over: Traced): Traced {
  if (!(base.value instanceof Map) || !(over.value instanceof Map)) return over;
  return { value: new Map([...(base.value as ConfigArray), ...(over.value as ConfigArray)]), from: over.from };
}

/** Text as PHP's string conversion has it. */
export function toText(value: ConfigValue): string | typeof UNKNOWN {
  if (value === UNKNOWN || value instanceof Map) return UNKNOWN;
  if (value === null || value === false) return '';
  return value === true ? '1' : String(value);
}
