import { distance } from 'fastest-levenshtein';

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

interface Ranked {
  readonly name: string;
  /** The edit distance. */
  readonly distance: number;
}

/** The most similar name, if one is near enough. */
export function nearestName(word: string, names: readonly string[]): string | undefined {
  return synonym(word, names) ?? rank(word, names).find((candidate) => isNear(candidate))?.name;
}

/** Nearest first. */
export function rank(word: string, names: readonly string[]): readonly Ranked[] {
  // The time grows with the product of the lengths.
  const sought = bare(word.slice(0, 100));
  return names
    .map((name) => ({ name, distance: distance(sought, bare(name)) }))
    .sort((a, b) => a.distance - b.distance);
}

function synonym(word: string, names: readonly string[]): string | undefined {
  const plain = bare(word);
  const known = Object.hasOwn(SYNONYMS, plain) ? SYNONYMS[plain] : undefined;
  return known !== undefined && names.includes(known) ? known : undefined;
}

/** Near enough to be a typo. */
function isNear({ name, distance }: Ranked): boolean {
  return distance <= Math.min(3, name.length / 2);
}

/** `connection_prefix` equals `connectionPrefix`. */
function bare(name: string): string {
  return name.toLowerCase().replaceAll(/[\s._-]/g, '');
}
