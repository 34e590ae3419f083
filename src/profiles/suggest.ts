import { ConfigError } from '../errors.js';

/** An unknown name. `withSuggestions` turns it into a ConfigError with the nearest name. */
export class UnknownName extends Error {
  constructor(
    message: string,
    readonly word: string,
    readonly names: readonly string[],
    /** Introduces the list of names: `Keys of a redis profile`. */
    readonly what: string,
  ) {
    super(message);
  }
}

/** Run `work`. Loads the spelling library only for an UnknownName. */
export async function withSuggestions<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UnknownName)) throw error;
    throw new ConfigError(error.message, await hintFor(error));
  }
}

/** More names than this are listed only if none is near. */
const MANY = 12;

async function hintFor({ word, names, what }: UnknownName): Promise<string> {
  const { nearestName, rank } = await import('./nearest.js');
  const ranked = rank(word, names);
  const nearest = nearestName(word, names);
  const question = nearest === undefined ? '' : `Did you mean ${nearest}?`;
  if (names.length > MANY) return question || `${what}: ${names.join(', ')}.`;
  return `${question} ${what}: ${ranked.map(({ name }) => name).join(', ')}.`.trimStart();
}
