/** What a profile says, whether a file or a URL says it: values with the place where they stand. */
export type Setting = ListSetting | MapSetting | ScalarSetting;

interface Placed {
  /** For messages: `cachectl.yaml:7`, or the URL, masked. */
  readonly where: string;
}

export interface ScalarSetting extends Placed {
  readonly kind: 'scalar';
  /** Variables filled in. Null: the key is there, and nothing after it. */
  readonly value: bigint | boolean | number | string | null;
  /** The value as its author wrote it, `${NAME}` and all. Undefined where it must not be shown. */
  readonly shown: string | undefined;
  /** It is a parameter of a URL, which other clients may have parameters in, too. */
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

/** A name in a message: quoted, and with nothing in it that would move a terminal's cursor. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
}
