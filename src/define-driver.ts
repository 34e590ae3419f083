import type { Codec } from './codecs/codec.js';
import type { OpenOptions, Store } from './stores/contract/store.js';

/** The interface between cachectl and drivers, by number: raised when a driver written for the last one no longer fits. */
export const DRIVER_API = 1;

/** What every option of a driver may say of itself. */
interface Demands {
  /** A profile without it is refused. Not beside a `default`. */
  readonly required?: boolean;
  /** Its value is not repeated in messages. */
  readonly secret?: boolean;
}

/** `text`: as it stands in the profile; of a required one at least a character. */
export interface TextOption extends Demands {
  readonly type: 'text';
  readonly default?: string;
}

/** `path`: absolute when the driver gets it; in the profile relative to the profile file, or to `~`. So is a default. */
export interface PathOption extends Demands {
  readonly type: 'path';
  readonly default?: string;
}

export interface BooleanOption extends Demands {
  readonly type: 'boolean';
  readonly default?: boolean;
}

/** `integer`: a whole number of `min` (0) to `max` (2^53 - 1). */
export interface IntegerOption extends Demands {
  readonly type: 'integer';
  readonly min?: number;
  readonly max?: number;
  readonly default?: number;
}

/** `list`: texts, at least one; the profile may write them as one text with commas. */
export interface ListOption extends Demands {
  readonly type: 'list';
  readonly default?: readonly string[];
}

export type OptionSpec = BooleanOption | IntegerOption | ListOption | PathOption | TextOption;

/** The driver's own keys of a profile: letters and digits, beginning with a small letter. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** Keys that every profile has, which no option may be named. */
export type ReservedKey = 'codec' | 'driver' | 'prefix' | 'protected';

/** What `open` gets for the options that were declared: undefined only where one is neither required nor has a default. */
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

/** One profile, as its driver gets it: complete and checked. */
export interface DriverSettings<Specs extends OptionSpecs = OptionSpecs> {
  /** The profile's name, for messages. */
  readonly profile: string;
  /** What goes before every key and lock name. May be empty. */
  readonly prefix: string;
  /** What turns values into bytes and back. */
  readonly codec: Codec;
  readonly options: OptionValues<Specs>;
}

/** What an author writes. */
export interface DriverDefinition<Specs extends OptionSpecs = OptionSpecs> {
  /** For messages: small letters, digits and dashes. */
  readonly name: string;
  readonly options?: Specs & { readonly [Key in ReservedKey]?: never };
  /** Connects now or, better, on first use. */
  open(settings: DriverSettings<Specs>, options: OpenOptions): Promise<Store> | Store;
}

/** What a driver's module has as its default export. */
export interface Driver<Specs extends OptionSpecs = OptionSpecs> {
  readonly apiVersion: number;
  readonly name: string;
  readonly options: Specs;
  open(settings: DriverSettings<Specs>, options: OpenOptions): Promise<Store> | Store;
}

/**
 * A driver for profiles that say `driver: ./this-module.mjs` or name its package:
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
