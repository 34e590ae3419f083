import type { ListedTag, TagMember } from '../../stores/contract/tags.js';
import type { Column } from '../../terminal/list.js';

import { printKey, printNames } from '../../stores/entries/printed-key.js';
import { count } from '../../terminal/progress.js';
import { expiresText, plainTtl } from '../../terminal/value-text.js';

/** The columns of `tags:list`. Some stores report no numbers. */
export const tagColumns: ReadonlyArray<Column<ListedTag>> = [
  { name: 'name', value: ({ name }) => printKey(name), title: 'TAG' },
  {
    name: 'entries',
    value: ({ entries }) => entries,
    title: 'ENTRIES',
    text: ({ entries }) => (entries === undefined ? '' : count(entries)),
    isNumber: true,
  },
  {
    name: 'staleMembers',
    value: ({ stale }) => stale,
    title: 'STALE',
    text: ({ stale = 0 }) => (stale === 0 ? '' : count(stale)),
    isNumber: true,
  },
];

export const memberColumns: ReadonlyArray<Column<TagMember>> = [
  { name: 'key', value: ({ key }) => printKey(key), title: 'KEY' },
  { name: 'stale', value: ({ isStale }) => isStale, plain: false },
  {
    name: 'ttl',
    value: ({ isStale, ttl }) => (isStale ? undefined : ttl),
    plain: ({ isStale, ttl }) => (isStale ? 'stale' : plainTtl(ttl)),
    title: 'EXPIRES',
    text: ({ isStale, ttl }) => (isStale ? 'stale' : expiresText(ttl)),
  },
  {
    name: 'tags',
    value: ({ tags }) => tags.map((tag) => printKey(tag)),
    // With only some of its tags, the entry could not be read.
    plain: ({ tags, isOrdered }) => (isOrdered ? printNames(tags) : ''),
    title: 'TAGS, IN ORDER',
    text: ({ tags, isOrdered }) => printNames(tags) + (isOrdered ? '' : ', perhaps others'),
  },
  { name: 'ordered', value: ({ isOrdered }) => isOrdered, plain: false },
  { name: 'listedKey', value: ({ listedKey }) => printKey(listedKey), title: 'LISTED AS' },
];
