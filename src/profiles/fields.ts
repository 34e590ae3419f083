import path from 'node:path';

import type { Entries, ScalarSetting, Setting } from './settings.js';

import { ConfigError } from '../errors.js';
import { maskUrl } from './mask.js';
import { isSecret, quote, quoteKey } from './settings.js';
import { UnknownName } from './suggest.js';

/** The base folders of relative paths. */
export interface Folders {
  /** The folder of the profile file, or the working directory. */
  readonly base: string;
  /** The meaning of `~`. */
  readonly home: string;
  /** The profile file, absolute, if it was found and not named. What it wants to run may be refused. */
  readonly foundFile?: string;
}

/** Reports what is wrong with a value, and what to do. */
export type Fail = (problem: string, hint: string) => never;

/**
 * Typed access to the keys of a profile, or of a part of it. A missing key is undefined. A value of the wrong type is
 * a ConfigError with file, line, key and profile.
 */
export class Fields {
  constructor(
    readonly entries: Entries,
    readonly where: string,
    /** The owner of the keys: `profile shop`. */
    readonly subject: string,
  ) {}

  has(key: string): boolean {
    return this.entries.has(key);
  }

  /** @throws UnknownName for a key that is not in `keys` */
  only(keys: readonly string[], what: string): void {
    for (const [key, { where }] of this.entries) {
      if (keys.includes(key)) continue;
      throw new UnknownName(`${where}: unknown key ${quoteKey(key)} in ${this.subject}`, key, keys, what);
    }
  }

  /** Text; may be empty. */
  text(key: string): string | undefined {
    const setting = this.#scalar(key);
    if (setting === undefined) return undefined;
    if (typeof setting.value === 'string') return setting.value;
    this.fail(key, 'must be text', `Put quotes around it: ${key}: "…"`);
  }

  /** Text that is not empty. */
  filled(key: string): string | undefined {
    const text = this.text(key);
    if (text === '') this.fail(key, 'is empty', `Give a value, or remove ${key}.`);
    if (text?.includes('\0')) this.fail(key, 'contains a NUL character', 'Remove it.');
    return text;
  }

  /** Text that counts as missing if empty, so that `${PASSWORD:-}` can turn it off. */
  optional(key: string): string | undefined {
    const text = this.text(key);
    return text === '' ? undefined : text;
  }

  /** An absolute path. */
  path(key: string, { base, home }: Folders): string | undefined {
    const text = this.filled(key);
    return text === undefined
      ? undefined
      : path.resolve(
          base,
          text.replace(/^~(?=$|[/\\])/, () => home),
        );
  }

  boolean(key: string): boolean | undefined {
    const setting = this.#scalar(key);
    if (setting === undefined) return undefined;
    const text = String(setting.value).toLowerCase();
    if (text === 'true' || text === 'false') return text === 'true';
    this.fail(key, 'must be true or false', `Write ${key}: true, or ${key}: false.`);
  }

  integer(key: string, min: number, max: number): number | undefined {
    const setting = this.#scalar(key);
    if (setting === undefined) return undefined;
    const number = toInteger(setting.value);
    if (number !== undefined && number >= min && number <= max) return number;
    this.fail(key, `must be a whole number from ${min} to ${max}`, `For example: ${key}: ${example(key, min)}`);
  }

  /** @throws UnknownName for a name that is not in `names` */
  oneOf<const Name extends string>(key: string, names: readonly Name[], what = 'There are'): Name | undefined {
    const text = this.text(key);
    const found = names.find((name) => name === text);
    if (text === undefined || found !== undefined) return found;
    const { where } = this.entries.get(key)!;
    const message = `${where}: unknown ${key} in ${this.subject}${this.#shown(key)}`;
    throw new UnknownName(message, text, names, what);
  }

  /** A list, parsed item by item. A text is split at commas, so that one variable can hold all items. */
  list<Item>(key: string, parse: (text: string, fail: Fail) => Item): readonly Item[] | undefined {
    const setting = this.entries.get(key);
    if (setting === undefined) return undefined;
    if (setting.kind !== 'list') {
      const fail: Fail = (problem, hint) => this.fail(key, problem, hint);
      return this.filled(key)!
        .split(',')
        .map((text) => parse(text.trim(), fail));
    }

    if (setting.items.length === 0) this.fail(key, 'is an empty list', `Name at least one: ${key}: ["host:port"]`);
    return setting.items.map((item) => {
      const part = new Fields(new Map([[key, item]]), item.where, this.subject);
      return parse(part.filled(key)!, (problem, hint) => part.fail(key, problem, hint));
    });
  }

  /** The keys under a key. Undefined if it is missing or not a map. */
  fields(key: string): Fields | undefined {
    const setting = this.entries.get(key);
    return setting?.kind === 'map'
      ? new Fields(setting.entries, setting.where, `${key} of ${this.subject}`)
      : undefined;
  }

  /** Report what is wrong with the value of a key. Shows the value if that is safe. */
  fail(key: string, problem: string, hint: string): never {
    const where = this.entries.get(key)?.where ?? this.where;
    throw new ConfigError(`${where}: ${key} of ${this.subject} ${problem}${this.#shown(key)}`, hint);
  }

  #scalar(key: string): ScalarSetting | undefined {
    const setting = this.entries.get(key);
    if (setting === undefined) return undefined;
    if (setting.kind !== 'scalar') this.fail(key, `must be one value, not a ${setting.kind}`, `Write ${key}: VALUE`);
    if (setting.value === null) {
      this.fail(key, 'has no value', `Give one, or remove the line. Write an empty text as ${key}: ""`);
    }

    return setting;
  }

  #shown(key: string): string {
    const setting: Setting | undefined = this.entries.get(key);
    if (setting?.kind !== 'scalar' || !setting.shown || isSecret(key)) return '';
    return ` (${quote(maskUrl(setting.shown)).slice(1, -1)})`;
  }
}

function toInteger(value: ScalarSetting['value']): number | undefined {
  const digits =
    typeof value === 'string' ? /^\d{1,15}$/.test(value) : typeof value === 'number' || typeof value === 'bigint';
  return digits && Number.isSafeInteger(Number(value)) ? Number(value) : undefined;
}

function example(key: string, min: number): number {
  return key === 'port' ? 6379 : min;
}
