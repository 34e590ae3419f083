import type { Setting } from '../settings.js';
import type { Application } from './application.js';

import { ConfigError } from '../../errors.js';
import { arrayAt } from './php-config.js';
import { type ConfigValue, toText, type Traced, UNKNOWN } from './value.js';

/** Collects the keys of a profile. */
export class Settings {
  readonly entries = new Map<string, Setting>();
  readonly notes: string[] = [];

  constructor(readonly application: Application) {}

  /** Set a key, unless its value is empty. @param path for messages: `cache.prefix` */
  set(key: string, traced: Traced, path: string): void {
    const text = this.text(traced, path);
    if (text !== undefined) this.put(key, text, traced);
  }

  /** Set a key to a value derived from `traced`. */
  put(key: string, value: boolean | number | string, traced: Traced): void {
    this.entries.set(key, this.scalar(value, traced));
  }

  putList(key: string, items: ReadonlyArray<readonly [text: string, traced: Traced]>, traced: Traced): void {
    const settings = items.map(([text, each]) => this.scalar(text, each));
    this.entries.set(key, { kind: 'list', items: settings, where: traced.from.place });
  }

  putMap(key: string, entries: ReadonlyMap<string, Setting>, traced: Traced): void {
    this.entries.set(key, { kind: 'map', entries, where: traced.from.place });
  }

  /** A scalar setting. A value from a variable is shown as its name, so secrets are not copied. */
  scalar(value: boolean | number | string, { from }: Traced): Setting {
    const shown = from.variable === undefined ? String(value) : `\${${from.variable}}`;
    return { kind: 'scalar', value, shown, where: from.place };
  }

  /**
   * The text of a value. Undefined if null or empty.
   * @throws ConfigError if only PHP can evaluate it, or if it is not UTF-8
   */
  text({ value, from }: Traced, path: string): string | undefined {
    const text = toText(value);
    if (text === UNKNOWN) throw this.unknown(path, from.place);
    // The files and the environment were decoded with U+FFFD in place of such bytes.
    if (text.includes('\uFFFD')) {
      throw new ConfigError(
        `${from.place}: ${path} contains bytes that are not UTF-8`,
        'Save the file as UTF-8, and check what the application uses: its keys may have such a prefix.',
      );
    }

    return text === '' ? undefined : text;
  }

  unknown(path: string, place: string): ConfigError {
    return new ConfigError(
      `${place}: ${path} is an expression that only PHP can evaluate`,
      'Run "php artisan config:cache" first (its result is read), or write a profile by hand: docs/profiles.md.',
    );
  }

  namesAt(root: Traced, ...keys: readonly string[]): readonly string[] {
    return [...arrayAt(root, ...keys).keys()];
  }
}

/** The value of a PHP constant by its name, or by its number in a cached configuration. */
export function constant<Name extends string>(
  value: ConfigValue,
  names: Readonly<Record<string, Name>>,
): Name | undefined {
  const text = toText(value);
  if (text === UNKNOWN) return undefined;
  const bare = text.replace(/^(?:Redis|Memcached)::/, '');
  return Object.hasOwn(names, bare) ? names[bare] : undefined;
}
