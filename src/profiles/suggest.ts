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

/** Other tools' names for the same thing, which no edit distance finds. */
const SYNONYMS: Readonly<Record<string, string>> = {
  auth: 'password',
  db: 'database',
  dbindex: 'database',
  file: 'path',
  filename: 'path',
  keyprefix: 'connectionPrefix',
  lockconnection: 'locks',
  master: 'primary',
  mastername: 'primary',
  nodes: 'cluster',
  pass: 'password',
  rediscluster: 'cluster',
  redissentinel: 'primary',
  sentinelmaster: 'primary',
  servers: 'cluster',
  ssl: 'tls',
  unix: 'socket',
  url: 'path',
  user: 'username',
  valkey: 'redis',
};

/** More names than this are listed only if none is near. */
const MANY = 12;

/** The most similar name, if one is near enough. */
export async function nearestName(word: string, names: readonly string[]): Promise<string | undefined> {
  const ranked = await rank(word, names);
  return synonym(word, names) ?? ranked.find((candidate) => isNear(candidate))?.name;
}

async function hintFor({ word, names, what }: UnknownName): Promise<string> {
  const ranked = await rank(word, names);
  const nearest = await nearestName(word, names);
  const question = nearest === undefined ? '' : `Did you mean ${nearest}?`;
  if (names.length > MANY) return question || `${what}: ${names.join(', ')}.`;
  return `${question} ${what}: ${ranked.map(({ name }) => name).join(', ')}.`.trimStart();
}

function synonym(word: string, names: readonly string[]): string | undefined {
  const plain = bare(word);
  const known = Object.hasOwn(SYNONYMS, plain) ? SYNONYMS[plain] : undefined;
  return known !== undefined && names.includes(known) ? known : undefined;
}

interface Ranked {
  readonly name: string;
  /** The edit distance. */
  readonly distance: number;
}

/** Nearest first. */
async function rank(word: string, names: readonly string[]): Promise<readonly Ranked[]> {
  // The bundler gives a CommonJS module that is imported lazily a default export only.
  const { distance } = (await import('fastest-levenshtein')).default;
  // The time grows with the product of the lengths.
  const sought = bare(word.slice(0, 100));
  return names
    .map((name) => ({ name, distance: distance(sought, bare(name)) }))
    .sort((a, b) => a.distance - b.distance);
}

/** Near enough to be a typo. */
function isNear({ name, distance }: Ranked): boolean {
  return distance <= Math.min(3, name.length / 2);
}

/** `connection_prefix` equals `connectionPrefix`. */
function bare(name: string): string {
  return name.toLowerCase().replaceAll(/[\s._-]/g, '');
}
