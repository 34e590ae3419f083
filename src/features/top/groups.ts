import type { CacheEvent } from '../../stores/contract/events.js';

export const GROUPINGS = ['key', 'prefix', 'tag', 'client', 'type'] as const;

export type Grouping = (typeof GROUPINGS)[number];

/** The names under which an event counts: none, one, or several tags. */
export type NamesOf = (event: CacheEvent) => readonly string[];

/**
 * @param separator between the parts of a key
 * @param depth the number of parts that form the prefix
 */
export function grouped(by: Grouping, separator: string, depth: number): NamesOf {
  switch (by) {
    case 'key': {
      return ({ key }) => (key === undefined ? [] : [key]);
    }

    case 'prefix': {
      return ({ key }) => (key === undefined ? [] : [familyOf(key, separator, depth)]);
    }

    case 'tag': {
      return ({ key, tags = [] }) => (tags.length > 0 ? tags : key === undefined ? [] : ['(no tag)']);
    }

    case 'client': {
      return ({ client }) => [client?.name || hostOf(client?.address) || '(unknown)'];
    }

    case 'type': {
      return ({ type }) => [type];
    }
  }
}

/** `users:*` for `users:1:name`. A key without the separator is its own family. */
function familyOf(key: string, separator: string, depth: number): string {
  let end = -1;
  for (let part = 0; part < depth; part++) {
    const next = key.indexOf(separator, end === -1 ? 0 : end);
    if (next === -1) break;
    end = next + separator.length;
  }

  return end === -1 ? key : `${key.slice(0, end)}*`;
}

/** Without the port, which changes with every connection. */
function hostOf(address: string | undefined): string | undefined {
  return address?.replace(/:\d+$/, '');
}
