import { closeSync, openSync } from 'node:fs';

import type { Measurement, Scale } from './measurement.js';

import { taggedKey, tagSetKey } from '../src/stores/tags/names.js';
import { PREFIX, short } from './bulk/compare.js';
import { seedEntries, seedTagged } from './bulk/seed-redis.js';
import { cachectl } from './peak-memory.js';
import { type BenchServer, inFolder, withCluster, withRedises } from './servers.js';
import { written } from './transfer-files.js';

const PRIMARIES = 3;
const TAG = 'people';
const COPIES = 'copy-';
const IMPORTED = 'shop-';

/** The servers of a run, and the processes that run a command at once. */
interface Deployment {
  readonly servers: readonly BenchServer[];
  /** Without a prefix; one for each process. */
  readonly urls: readonly string[];
  /** Numbers of the entries to offer to each server. A node of a cluster takes its own. */
  readonly offered: number;
  /** The entries that each process finds. */
  readonly each: number;
}

/** A command, and what limits it: the servers, or the one process that reads or writes every entry. */
interface Command {
  readonly name: string;
  readonly isForServers: boolean;
  /** Prepare the servers. */
  fill?(deployment: Deployment): Promise<void>;
  args(url: string, file: string): readonly string[];
}

const COMMANDS: readonly Command[] = [
  { name: 'keys --count', isForServers: true, fill, args: (url) => ['keys', '--count', '--url', at(url)] },
  { name: 'lock:list', isForServers: true, args: (url) => ['lock:list', '--url', at(url)] },
  { name: 'keys', isForServers: false, args: (url) => ['keys', '--url', at(url)] },
  { name: 'export', isForServers: false, args: (url) => ['export', '--url', at(url)] },
  { name: 'copy', isForServers: false, args: (url) => ['copy', '--url', at(url), '--to-url', at(url, COPIES)] },
  { name: 'flush', isForServers: true, args: (url) => ['flush', '--yes', '--url', at(url)] },
  {
    name: 'import',
    isForServers: false,
    fill: emptied,
    args: (url, file) => ['import', file, '--url', at(url, IMPORTED)],
  },
  { name: 'tags:flush', isForServers: true, fill: tag, args: (url) => ['tags:flush', TAG, '--yes', '--url', at(url)] },
];

interface Runs {
  readonly taken: Readonly<Record<string, Taken>>;
  /** CPU time of the servers for each entry, in microseconds, when a bare client sends what a command has to send. */
  readonly floors: Readonly<Record<string, number>>;
}

interface Taken {
  readonly seconds: number;
  /** CPU time of all of its processes. */
  readonly cpuSeconds: number;
  /** CPU time of all servers. */
  readonly serverSeconds: number;
}

/**
 * Commands on three primaries of a cluster. The peer of those that servers limit is three processes, each on a server
 * of its own with the entries of one primary; it has the same cores. The peer of the others is one server that holds
 * all entries, because one process reads or writes all of them in both.
 */
export async function* measureCluster({ entries }: Scale): AsyncGenerator<Measurement> {
  const all = PRIMARIES * entries;
  const { apart, one, cluster } = await inFolder(async (folder) => {
    const files = { [all]: written(folder, all).lines };
    return {
      apart: await withRedises(PRIMARIES, async (servers) =>
        runs({
          servers,
          urls: servers.map(({ port }) => `redis://127.0.0.1:${port}`),
          offered: entries,
          each: entries,
        }),
      ),
      one: await withRedises(1, async (servers) =>
        runs({ servers, urls: [`redis://127.0.0.1:${servers[0]!.port}`], offered: all, each: all }, files[all]),
      ),
      cluster: await withCluster(PRIMARIES, async (servers) =>
        runs({ servers, urls: [`redis+cluster://127.0.0.1:${servers[0]!.port}`], offered: all, each: all }, files[all]),
      ),
    };
  });

  for (const [what, floor] of Object.entries(cluster.floors)) {
    const peer = one.floors[what]!;
    yield {
      what: `${what}, the bare commands, Redis cluster`,
      measured: `${(peer / floor).toFixed(2)} × (servers ${floor.toFixed(1)} µs)`,
      budget: '-',
      peer: `one server: ${peer.toFixed(1)} µs`,
    };
  }

  for (const { name, isForServers } of COMMANDS) {
    const ours = cluster.taken[name]!;
    const peer = (isForServers ? apart : one).taken[name]!;
    const ratio = peer.seconds / ours.seconds;
    yield {
      what: `${name}, ${PRIMARIES} × ${short(entries)} entries, Redis cluster`,
      measured: `${ratio.toFixed(2)} × as fast (${ours.seconds.toFixed(1)} s; ${perEntry(ours, all)})`,
      budget: '≥ 0.8 ×',
      isKept: ratio >= 0.8,
      peer: `${isForServers ? 'three servers, a process for each' : 'one server'}: ${peer.seconds.toFixed(1)} s; ${perEntry(peer, all)}`,
    };
  }
}

function perEntry({ cpuSeconds, serverSeconds }: Taken, entries: number): string {
  const [own, servers] = [cpuSeconds, serverSeconds].map((seconds) => ((seconds / entries) * 1e6).toFixed(1));
  return `CPU per entry: servers ${servers} µs, cachectl ${own} µs`;
}

async function runs(deployment: Deployment, file?: string): Promise<Runs> {
  const taken: Record<string, Taken> = {};
  for (const { name, fill: prepare, args } of COMMANDS) {
    if (file === undefined && name === 'import') continue;
    await prepare?.(deployment);
    const nowhere = openSync('/dev/null', 'w');
    const before = await serverSeconds(deployment);
    const start = performance.now();
    const done = await Promise.all(
      deployment.urls.map(async (url) => cachectl(args(url, file ?? ''), { stdout: nowhere })),
    );
    const seconds = (performance.now() - start) / 1000;
    closeSync(nowhere);
    taken[name] = {
      seconds,
      cpuSeconds: done.reduce((sum, run) => sum + run.cpuSeconds, 0),
      serverSeconds: (await serverSeconds(deployment)) - before,
    };
    process.stderr.write(`  ${name}: ${seconds.toFixed(2)} s\n`);
    await check(name, deployment);
  }

  return { taken, floors: file === undefined ? {} : await floors(deployment) };
}

async function serverSeconds({ servers }: Deployment): Promise<number> {
  const infos = await Promise.all(servers.map(async ({ client }) => client.info('cpu')));
  const seconds = infos.flatMap((info) =>
    [...info.matchAll(/^used_cpu_(?:sys|user):(\S+)/gm)].map(([, used]) => Number(used)),
  );
  return seconds.reduce((sum, each) => sum + each, 0);
}

async function floors(deployment: Deployment): Promise<Readonly<Record<string, number>>> {
  await emptied(deployment);
  await fill(deployment);
  const entries = await keysOf(deployment);
  await emptied(deployment);
  const set = await cost(deployment, entries, async (client, keys) => {
    const commands = client.pipeline();
    for (const key of keys) commands.set(key, 's:24:"value of the user 000000";', 'EX', '86400');
    await commands.exec();
  });
  await tag(deployment);
  const listed = await keysOf(deployment);
  const tagSet = PREFIX + tagSetKey(TAG);
  const owner = deployment.servers[listed.findIndex((keys) => keys.includes(tagSet))]!.client;
  const tagged = listed.map((keys) => keys.filter((key) => key !== tagSet));
  const unlink = await cost(deployment, tagged, async (client, keys) => {
    const commands = client.pipeline();
    for (const key of keys) commands.unlink(key);
    await Promise.all([commands.exec(), owner.zremrangebyrank(tagSet, 0, keys.length - 1)]);
  });
  return { 'SET with a TTL (import)': set, 'UNLINK and ZREMRANGEBYRANK (tags:flush)': unlink };
}

async function keysOf({ servers }: Deployment): Promise<ReadonlyArray<readonly string[]>> {
  return Promise.all(servers.map(async ({ client }) => client.keys('*')));
}

async function cost(
  deployment: Deployment,
  keys: ReadonlyArray<readonly string[]>,
  send: (client: BenchServer['client'], some: readonly string[]) => Promise<void>,
): Promise<number> {
  const before = await serverSeconds(deployment);
  for (const [index, { client }] of deployment.servers.entries()) {
    const own = keys[index]!;
    for (let start = 0; start < own.length; start += PIPELINED) await send(client, own.slice(start, start + PIPELINED));
  }

  return (((await serverSeconds(deployment)) - before) / keys.flat().length) * 1e6;
}

/** Commands in one write. */
const PIPELINED = 500;

/** After each command, the servers must hold what they should. */
async function check(name: string, { servers, each, urls }: Deployment): Promise<void> {
  const entries = each * urls.length;
  const expected = { copy: 2 * entries, 'tags:flush': 0 }[name] ?? entries;
  const sizes = await Promise.all(servers.map(async ({ client }) => client.dbsize()));
  const held = sizes.reduce((sum, size) => sum + size, 0);
  if (held !== expected) throw new Error(`${name} left ${held} keys, not ${expected}`);
}

async function fill({ servers, offered }: Deployment): Promise<void> {
  await Promise.all(servers.map(async ({ client }) => seedEntries(client, PREFIX, offered)));
}

async function emptied({ servers }: Deployment): Promise<void> {
  await Promise.all(servers.map(async ({ client }) => client.flushall()));
}

async function tag(deployment: Deployment): Promise<void> {
  await emptied(deployment);
  const head = taggedKey([TAG], '').slice(0, -1);
  const entries = { prefix: PREFIX, head, set: tagSetKey(TAG), entries: deployment.offered };
  await Promise.all(deployment.servers.map(async ({ client }) => seedTagged(client, entries)));
}

function at(url: string, prefix = PREFIX): string {
  return `${url}?prefix=${prefix}`;
}
