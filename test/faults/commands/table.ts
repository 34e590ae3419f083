import { expect } from 'chai';
import { readFileSync, writeFileSync } from 'node:fs';

import type { Store } from '../../../src/stores/contract/store.js';

import { integer, string } from '../../../src/codecs/value.js';
import { textOf } from '../../../src/testing/suite/stores.js';
import { cachectl, type Result } from '../../support/cli.js';

/** Where one run takes place: a prefix of its own, which no other run touches. */
export interface Place {
  /** Of the store behind the proxy. */
  readonly url: string;
  /** A new folder. */
  readonly folder: string;
}

/** A place after the run. */
export interface Ground extends Place {
  /** Connected without a fault. */
  readonly store: Store;
}

/** A command in front of a server that fails. */
export interface Case {
  /** Words of the command line, or a function of the place. */
  readonly args: ((place: Place) => readonly string[]) | readonly string[];
  /** Environment beside CACHECTL_URL. */
  readonly env?: (place: Place) => Promise<Readonly<Record<string, string>>>;
  /** The exit code without a fault. Default: 0. */
  readonly clean?: 1;
  /** Exit codes that are right under a fault, beside 3 and 4. */
  readonly codes?: readonly number[];
  /** Standard output is the same in each run, so that a run that fails may print only its beginning. */
  readonly isSteady?: boolean;
  /** The word before the number of entries that a part-way failure reports as done. */
  readonly counts?: string;
  /** How much was done, to compare with that number. */
  readonly done?: (ground: Ground) => Promise<number>;
  /** Holds after exit code 0. */
  readonly claim?: (ground: Ground, result: Result) => Promise<void>;
  /** Holds after every run. */
  readonly always?: (ground: Ground, result: Result) => Promise<void>;
}

const MANY = Array.from({ length: 12 }, (_, index) => `m:${index}`);
const SEEDED = ['k', 'n', ...MANY, 'one', 'two'].length;

/** An owner by which every store recognizes a lock. */
const ANN = 'cachectl:ann@web1:1:01a211e6ba8b8e36ff6ac5a560cff769';

/** The entries before each run. */
export async function seed(store: Store): Promise<void> {
  const hour = 3600;
  await store.putMany([
    { key: 'k', value: string('v'), ttl: hour },
    { key: 'n', value: integer(5n), ttl: hour },
    ...MANY.map((key) => ({ key, value: string('x'), ttl: hour })),
  ]);
  await store.tags(['t']).put('one', string('1'), hour);
  await store.tags(['t']).put('two', string('2'), hour);
  await store.lock('held').acquire(ANN, hour);
}

const holds = (key: string, text?: string) => async (ground: Ground) => {
  expect(textOf(await ground.store.get(key)), `${key} in the store`).to.equal(text);
};

const lockIs = (name: string, owner?: string) => async (ground: Ground) => {
  expect((await ground.store.lock(name).holder())?.owner, `the holder of ${name}`).to.equal(owner);
};

async function renewed({ store }: Ground): Promise<void> {
  const ttl = (await store.lock('held').holder())?.ttl;
  expect(ttl === undefined || Number(ttl) > 3600, `TTL ${String(ttl)}`).to.equal(true);
}

async function present(store: Store, keys: readonly string[]): Promise<number> {
  return (await store.many(keys)).filter((entry) => entry !== undefined).length;
}

/** A counter that is incremented once or not at all. */
const counted = (to: string) => ({
  async claim(ground: Ground, { out }: Result) {
    expect(out).to.equal(`${to}\n`);
    await holds('n', to)(ground);
  },
  async always(ground: Ground) {
    expect(['5', to]).to.include(textOf(await ground.store.get('n')));
  },
});

const NEW = Array.from({ length: 10 }, (_, index) => `new:${index}`);

function newEntries(folder: string): string {
  const file = `${folder}/entries.ndjson`;
  writeFileSync(file, NEW.map((key) => `{"key":"${key}","value":"x","ttl":3600}\n`).join(''));
  return file;
}

const newOnes = async ({ store }: Ground): Promise<number> => present(store, NEW);

async function allNewOnes(ground: Ground): Promise<void> {
  expect(await newOnes(ground)).to.equal(NEW.length);
}

const removedOf =
  (keys: readonly string[]) =>
  async ({ store }: Ground): Promise<number> =>
    keys.length - (await present(store, keys));
const none =
  (keys: readonly string[]) =>
  async ({ store }: Ground): Promise<void> => {
    expect(await present(store, keys), 'entries that are left').to.equal(0);
  };

async function untouched({ store }: Ground): Promise<void> {
  expect(await present(store, EVERY), 'entries that are left').to.equal(EVERY.length);
}

const EVERY = ['k', 'n', ...MANY];

/** Every command that talks to a store. */
export const CASES: Readonly<Record<string, Case>> = {
  get: { args: ['get', 'k'], isSteady: true },
  'get of several': { args: ['get', 'k', 'n', 'none'], clean: 1, isSteady: true },
  'get --json': { args: ['get', 'k', '--json'] },
  put: { args: ['put', 'k', 'new', '--ttl', '1h'], claim: holds('k', 'new') },
  'put --tags': {
    args: ['put', 'new', 'v', '--tags', 'u', '--ttl', '1h'],
    async claim({ store }) {
      expect(textOf(await store.tags(['u']).get('new'))).to.equal('v');
    },
  },
  'put --if-absent': { args: ['put', 'new', 'v', '--if-absent'], claim: holds('new', 'v') },
  'put --from': {
    args: ({ folder }) => ['put', '--from', newEntries(folder)],
    counts: 'stored',
    done: newOnes,
    claim: allNewOnes,
  },
  add: { args: ['add', 'new', 'v', '--ttl', '1h'], claim: holds('new', 'v') },
  forget: { args: ['forget', 'k'], claim: holds('k') },
  'forget of several': { args: ['forget', 'k', 'n', 'none'], clean: 1 },
  pull: { args: ['pull', 'k'], isSteady: true, claim: holds('k') },
  touch: {
    args: ['touch', 'k', '--ttl', '10h'],
    async claim({ store }) {
      const ttl = (await store.get('k'))?.ttl;
      expect(ttl === undefined || Number(ttl) > 7200, `TTL ${String(ttl)}`).to.equal(true);
    },
    always: holds('k', 'v'),
  },
  increment: { args: ['increment', 'n'], ...counted('6') },
  decrement: { args: ['decrement', 'n'], ...counted('4') },
  remember: {
    args: ['remember', 'new', '--ttl', '1h', '--value-only', '--', 'echo', 'ran'],
    isSteady: true,
    codes: [75],
    // The exit code is that of the command. Standard error says if its output was not confirmed as cached.
    async claim(ground, { err }) {
      if (err.includes('new was not stored')) await none(['new'])(ground);
      else if (!err.includes('new may not have been stored')) await holds('new', 'ran\n')(ground);
    },
  },
  keys: { args: ['keys'] },
  'keys --count': { args: ['keys', '--count'], isSteady: true },
  'keys --long --json': { args: ['keys', '--long', '--json'] },
  inspect: { args: ['inspect', 'k'] },
  flush: {
    args: ['flush', '--yes'],
    counts: 'removed',
    // The tagged entries go as well.
    done: async (ground) => (await removedOf(EVERY)(ground)) + 2,
    claim: none(EVERY),
    always: lockIs('held', ANN),
  },
  'flush --pattern': {
    args: ['flush', '--pattern', 'm:*', '--yes'],
    counts: 'removed',
    done: removedOf(MANY),
    claim: none(MANY),
    always: holds('k', 'v'),
  },
  'flush --dry-run': { args: ['flush', '--dry-run'], always: untouched },
  rename: {
    args: ['rename', 'k', 'k2'],
    claim: holds('k2', 'v'),
    async always({ store }) {
      expect(await present(store, ['k', 'k2'])).to.be.greaterThan(0);
    },
  },
  edit: {
    args: ['edit', 'k'],
    async env({ folder }) {
      writeFileSync(`${folder}/editor`, '#!/bin/sh\nprintf w > "$1"\n', { mode: 0o755 });
      return { EDITOR: `${folder}/editor`, VISUAL: `${folder}/editor` };
    },
    claim: holds('k', 'w'),
    async always({ store }) {
      expect(['v', 'w']).to.include(textOf(await store.get('k')));
    },
  },
  'tags:list': { args: ['tags:list'] },
  'tags:show': { args: ['tags:show', 't'] },
  'tags:flush': {
    args: ['tags:flush', 't', '--yes'],
    async claim({ store }) {
      expect(await store.tags(['t']).get('one')).to.equal(undefined);
    },
    always: untouched,
  },
  'tags:prune': { args: ['tags:prune'], always: untouched },
  'lock:acquire': {
    args: ['lock:acquire', 'free', '--ttl', '1h'],
    claim: async (ground, { out }) => lockIs('free', out.trim())(ground),
  },
  'lock:acquire --wait': { args: ['lock:acquire', 'held', '--ttl', '1h', '--wait', '2s'], clean: 1, codes: [1] },
  'lock:refresh': {
    args: ['lock:refresh', 'held', '--owner', ANN, '--ttl', '2h'],
    claim: renewed,
    always: lockIs('held', ANN),
  },
  'lock:release': { args: ['lock:release', 'held', '--owner', ANN], claim: lockIs('held') },
  'lock:release --force': { args: ['lock:release', 'held', '--force', '--yes'], claim: lockIs('held') },
  'lock:show': { args: ['lock:show', 'held'] },
  'lock:list': { args: ['lock:list'] },
  'lock:watch': { args: ['lock:watch', 'held', '--for', '1s'] },
  'lock:run': {
    args: ({ folder }) => ['lock:run', 'free', '--ttl', '4s', '--', 'sh', '-c', `echo ran >> ${folder}/runs`],
    codes: [75, 76],
    async claim({ folder }) {
      expect(readFileSync(`${folder}/runs`, 'utf8')).to.equal('ran\n');
    },
  },
  stats: { args: ['stats'] },
  'stats --sample --json': { args: ['stats', '--sample', '--json'] },
  top: { args: ['top', '--for', '1s'] },
  'events:tail': { args: ['events:tail', '--for', '1s'] },
  doctor: { args: ['doctor'] },
  export: { args: ['export'] },
  'export --output': {
    args: ({ folder }) => ['export', '--output', `${folder}/export`],
    async claim({ folder }) {
      expect(readFileSync(`${folder}/export`, 'utf8').match(/\n/g)).to.have.lengthOf(SEEDED);
    },
  },
  import: {
    args: ({ folder }) => ['import', newEntries(folder)],
    counts: 'imported',
    done: newOnes,
    claim: allNewOnes,
  },
  'copy from it': { args: ({ folder }) => ['copy', '--to-url', `sqlite://${folder}/copy.sqlite`], always: untouched },
  'copy to it': {
    args: ({ url }) => ['copy', '--to-url', url],
    async env({ folder }) {
      const url = `sqlite://${folder}/source.sqlite`;
      await cachectl(['import', newEntries(folder), '--url', url]);
      return { CACHECTL_URL: url };
    },
    counts: 'copied',
    done: newOnes,
    claim: allNewOnes,
  },
};
