import type { Document } from 'mongodb';

import type { ServerStats, StatsDetail } from '../../contract/stats.js';

/** Map serverStatus to the common statistics. Cloud deployments and compatible servers omit parts. */
export function serverFacts(status: Document): Partial<ServerStats> {
  const ferretdb = text(at(status, 'ferretdbVersion'))?.replace(/^v/, '');
  const version = ferretdb ?? text(at(status, 'version'));
  const resident = number(at(status, 'mem', 'resident'));
  const counters = at(status, 'opcounters');
  return defined({
    software: version === undefined ? undefined : ferretdb === undefined ? 'MongoDB' : 'FerretDB',
    version,
    uptime: wholeSeconds(at(status, 'uptime')),
    clients: number(at(status, 'connections', 'current')),
    // In mebibytes.
    memory: resident === undefined ? undefined : resident * 1024 * 1024,
    expired: number(at(status, 'metrics', 'ttl', 'deletedDocuments')),
    commands: isDocument(counters) ? sumOf(counters) : undefined,
  });
}

/** The role of the answering server. */
export function helloFacts(hello: Document): Partial<ServerStats> {
  const members = [...list(hello.hosts), ...list(hello.passives)];
  const isPrimary = hello.isWritablePrimary === true || hello.ismaster === true;
  const isSet = text(hello.setName) !== undefined;
  const role = hello.msg === 'isdbgrid' ? 'router' : isSet ? (isPrimary ? 'primary' : 'secondary') : undefined;
  return defined({ name: text(hello.me), role, replicas: isSet ? Math.max(0, members.length - 1) : undefined });
}

/**
 * @param collection from collStats
 * @param database from dbStats
 */
export function collectionFacts(collection: Document, database: Document): Partial<ServerStats> {
  const facts: ReadonlyArray<readonly [string, unknown]> = [
    ['storageBytes', collection.storageSize],
    ['indexBytes', collection.totalIndexSize],
    ['databaseBytes', database.dataSize],
  ];
  const details = facts.flatMap(([name, value]): Array<[string, StatsDetail]> => {
    const bytes = number(value);
    return bytes === undefined ? [] : [[name, { value: bytes, unit: 'bytes' }]];
  });
  return {
    ...defined({ entries: number(collection.count), bytes: number(collection.size) }),
    ...(details.length > 0 && { details: Object.fromEntries(details) }),
  };
}

function at(document: unknown, ...path: readonly string[]): unknown {
  let found: unknown = document;
  for (const name of path) found = isDocument(found) ? found[name] : undefined;
  return found;
}

function isDocument(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Large numbers are objects that convert themselves. */
function number(value: unknown): number | undefined {
  const plain = isDocument(value) && typeof value.toNumber === 'function' ? (value.toNumber() as unknown) : value;
  return typeof plain === 'number' && Number.isFinite(plain) ? plain : undefined;
}

function wholeSeconds(value: unknown): number | undefined {
  const seconds = number(value);
  return seconds === undefined ? undefined : Math.floor(seconds);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** insert, query, update, delete, getmore, command. */
function sumOf(counters: Document): number {
  return Object.values(counters).reduce((sum: number, each: unknown) => sum + (number(each) ?? 0), 0);
}

function defined<T extends object>(members: { [Name in keyof T]: T[Name] | undefined }): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}
