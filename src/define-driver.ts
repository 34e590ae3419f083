import type { Codec } from './codecs/codec.js';
import type { DriverStore, OpenOptions } from './stores/contract/store.js';

/** The version of the interface between cachectl and drivers. Increased if older drivers no longer work. */
export const DRIVER_API = 2;

/** Settings of every option type. */
interface OptionBase {
  /** Whether every profile must set it. Cannot be combined with `default`. */
  readonly required?: boolean;
  /** Whether messages must not repeat the value. */
  readonly secret?: boolean;
}

/** `text`: the text of the profile. If required, it is not empty. */
export interface TextOption extends OptionBase {
  readonly type: 'text';
  readonly default?: string;
}

/** `path`: absolute for the driver. In the profile, and as a default, relative to the profile file or to `~`. */
export interface PathOption extends OptionBase {
  readonly type: 'path';
  readonly default?: string;
}

export interface BooleanOption extends OptionBase {
  readonly type: 'boolean';
  readonly default?: boolean;
}

/** `integer`: a whole number from `min` (0) to `max` (2^53 - 1). */
export interface IntegerOption extends OptionBase {
  readonly type: 'integer';
  readonly min?: number;
  readonly max?: number;
  readonly default?: number;
}

/** `list`: one or more texts. The profile may write them as one text with commas. */
export interface ListOption extends OptionBase {
  readonly type: 'list';
  readonly default?: readonly string[];
}

export type OptionSpec = BooleanOption | IntegerOption | ListOption | PathOption | TextOption;

/** The driver's own keys of a profile: letters and digits, beginning with a lower-case letter. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** Keys of every profile, which no option may use. */
export type ReservedKey = 'codec' | 'driver' | 'prefix' | 'protected';

/** The option values for `open`. An option is undefined only if it is neither required nor has a default. */
export type OptionValues<Specs extends OptionSpecs> = {
  readonly [Name in keyof Specs]: Absent<Specs[Name]> | ValueOf[Specs[Name]['type']];
};

interface ValueOf {
  readonly boolean: boolean;
  readonly integer: number;
  readonly list: readonly string[];
  readonly path: string;
  readonly text: string;
}

type Absent<Spec> = Spec extends { readonly default: unknown } | { readonly required: true } ? never : undefined;

/** A profile for its driver, complete and checked. */
export interface DriverSettings<Specs extends OptionSpecs = OptionSpecs> {
  /** The profile's name, for messages. */
  readonly profile: string;
  /** Prepended to every key and lock name. May be empty. */
  readonly prefix: string;
  /** Turns values into bytes and back. */
  readonly codec: Codec;
  readonly options: OptionValues<Specs>;
}

/** The definition that an author writes. */
export interface DriverDefinition<Specs extends OptionSpecs = OptionSpecs> {
  /** For messages: lower-case letters, digits and dashes. */
  readonly name: string;
  readonly options?: Specs & { readonly [Key in ReservedKey]?: never };
  /** Open the store. Connect now or, better, on first use. */
  open(settings: DriverSettings<Specs>, options: OpenOptions): DriverStore | Promise<DriverStore>;
}

/** The default export of a driver's module. */
export interface Driver<Specs extends OptionSpecs = OptionSpecs> {
  readonly apiVersion: number;
  readonly name: string;
  readonly options: Specs;
  open(settings: DriverSettings<Specs>, options: OpenOptions): DriverStore | Promise<DriverStore>;
}

/**
 * Define a driver for profiles with `driver: ./this-module.mjs` or the name of its package:
 *
 *     export default defineDriver({
 *       name: 'folder',
 *       options: { folder: { type: 'path', required: true } },
 *       open: ({ prefix, codec, options }) => new FolderStore(options.folder, prefix, codec),
 *     });
 */
export function defineDriver<const Specs extends OptionSpecs = Record<never, never>>(
  definition: DriverDefinition<Specs>,
): Driver<Specs> {
  const { name, options, open } = definition;
  return { apiVersion: DRIVER_API, name, options: options ?? ({} as Specs), open };
}
