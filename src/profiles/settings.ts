/** Settings from a file or a URL, each with its location. */
export type Setting = ListSetting | MapSetting | ScalarSetting;

interface Placed {
  /** For messages: `cachectl.yaml:7`, or the masked URL. */
  readonly where: string;
}

export interface ScalarSetting extends Placed {
  readonly kind: 'scalar';
  /** With variables replaced. Null: a key without a value. */
  readonly value: bigint | boolean | number | string | null;
  /** The original text, with `${NAME}`. Undefined if it must not be shown. */
  readonly shown: string | undefined;
  /** A parameter of a URL, where other clients may have parameters too. */
  readonly isParameter?: boolean;
}

export interface ListSetting extends Placed {
  readonly kind: 'list';
  readonly items: readonly Setting[];
}

export interface MapSetting extends Placed {
  readonly kind: 'map';
  readonly entries: Entries;
}

export type Entries = ReadonlyMap<string, Setting>;

/** Whether the values of a key are never shown. */
export function isSecret(key: string): boolean {
  return SECRET.has(key);
}

const SECRET = new Set(['options', 'password', 'passwordCommand', 'sentinelPassword']);

/** Quote a key for a message: up to the first character that no key has, which may begin a value (`password:secret`). */
export function quoteKey(key: string): string {
  const name = /^[\w.-]*/.exec(key)![0];
  return name === key ? quote(key) : quote(`${name}…`);
}

/** Quote a name for a message, without control characters. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
}
