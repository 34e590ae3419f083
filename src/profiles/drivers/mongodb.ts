import type { Fields, Folders } from '../fields.js';
import type { MongodbProfile } from '../profile.js';
import type { Common } from './common.js';

import { ConfigError } from '../../errors.js';
import { given } from './redis-connection.js';
import { readSsh } from './ssh.js';

export const MONGODB_KEYS = [
  'url',
  'hosts',
  'srv',
  'username',
  'password',
  'passwordCommand',
  'options',
  'database',
  'collection',
  'lockCollection',
  'ssh',
];

/** A MongoDB deployment and its collections. `url` is already expanded. */
export function readMongodb(common: Common, fields: Fields, folders: Folders): MongodbProfile {
  const database = fields.filled('database');
  if (database === undefined) {
    throw new ConfigError(
      `${fields.where}: ${fields.subject} names no database`,
      'Add it to the URL, mongodb://host/DATABASE, or as database: DATABASE',
    );
  }

  if (/[/\\. "$]/.test(database))
    fields.fail('database', 'is not the name of a database', String.raw`Leave out / \ . " $ and spaces.`);
  const collection = collectionName(fields, 'collection') ?? 'cache';
  const lockCollection = collectionName(fields, 'lockCollection') ?? 'cache_locks';
  if (collection === lockCollection) {
    fields.fail(
      fields.has('lockCollection') ? 'lockCollection' : 'collection',
      'is also the other collection',
      'Use separate collections for entries and locks.',
    );
  }

  return {
    driver: 'mongodb',
    ...common,
    url: connectionString(fields),
    database,
    collection,
    lockCollection,
    ...given('ssh', readSsh(fields, folders)),
  };
}

function collectionName(fields: Fields, key: string): string | undefined {
  const text = fields.filled(key);
  if (text !== undefined && (text.includes('$') || text.startsWith('system.') || /^\.|\.$|\.\./.test(text))) {
    fields.fail(key, 'is not the name of a collection', 'Leave out $, and dots at either end.');
  }

  return text;
}

/** The official driver takes its settings as one text, and checks them when it connects. */
function connectionString(fields: Fields): string {
  const hosts = fields.list('hosts', (text, fail) =>
    /^[^\s/@?#,]+$/.test(text) ? text : fail('is not the name or address of a host', 'Write host:port.'),
  );
  if (hosts === undefined) {
    throw new ConfigError(
      `${fields.where}: ${fields.subject} does not say where MongoDB is`,
      'Add url: mongodb://host:27017/DATABASE, or hosts: ["host:27017"].',
    );
  }

  const scheme = fields.boolean('srv') === true ? 'mongodb+srv' : 'mongodb';
  const options = fields.optional('options') ?? '';
  if (/[#\s]/.test(options))
    fields.fail('options', 'contains a space or a #', 'Write it as replicaSet=rs0&authSource=admin');
  return `${scheme}://${credentials(fields)}${hosts.join(',')}/${options === '' ? '' : `?${options}`}`;
}

function credentials(fields: Fields): string {
  const username = fields.optional('username');
  const password = fields.optional('password');
  if (username === undefined) {
    if (password !== undefined) fields.fail('password', 'requires username', 'Add username: NAME');
    return '';
  }

  return `${[username, password]
    .filter((part) => part !== undefined)
    .map((part) => encodeURIComponent(part))
    .join(':')}@`;
}
