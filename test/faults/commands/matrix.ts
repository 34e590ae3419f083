import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { resolveProfile } from '../../../src/profiles/resolve.js';
import { openStore } from '../../../src/stores/open.js';
import { type Result, start } from '../../support/cli.js';
import { RUNS_ALL } from '../../support/extent.js';
import { type FaultName, FaultPlan, FAULTS } from '../../support/fault-proxy.js';
import { type Case, CASES, type Ground, type Place, seed } from './table.js';

/** A server behind a proxy of its own. */
export interface Lane {
  /** The URL of the server, and of the proxy, with this prefix. */
  url(prefix: string, isDirect?: boolean): string;
  readonly plan: FaultPlan;
  /** End every connection, as servers do with idle ones. */
  endAll(): Promise<void>;
  refuse(): Promise<void>;
  mend(): Promise<void>;
  stop(): Promise<void>;
}

/** One fault in front of one command. */
interface Strike {
  readonly name: string;
  readonly fault: FaultName;
  readonly at: 'first' | 'last' | 'middle';
  /** Only the struck connection fails. */
  readonly once: boolean;
}

/** The messages, connections and output of a command in front of a server that works. */
interface Baseline {
  readonly messages: number;
  readonly connections: number;
  readonly out: string;
}

const GUARD_MS = 30_000;
const TIMEOUT = '1s';
/** A command that connects more often than this has a busy loop. */
const MAX_RECONNECTS = 60;

/** Words of libraries and of Node, and the trace of a crash. */
const NOISE =
  /^ {4}at |\[ioredis]|DeprecationWarning|Warning: |lease report this|MaxRetriesPerRequest|bug in cachectl|node:internal|\[object /m;

/** Strike the commands in front of one server, and report every run that breaks a promise. */
export class Matrix {
  readonly #name: string;
  readonly #lanes: readonly Lane[];
  readonly #lacking: ReadonlySet<string>;
  readonly #baselines = new Map<string, Promise<Baseline>>();
  readonly #failures: string[] = [];
  #runs = 0;
  #struck = 0;
  #serial = 0;
  #longestMs = 0;

  /** @param lacking commands that the store does not support */
  constructor(name: string, lanes: readonly Lane[], lacking: readonly string[] = []) {
    this.#name = name;
    this.#lanes = lanes;
    this.#lacking = new Set(lacking);
  }

  async run(): Promise<void> {
    const names = Object.keys(CASES).filter((name) => !this.#lacking.has(name));
    const strikes = RUNS_ALL ? names.flatMap((name) => everyStrike(name)) : dealt(names, this.#name);
    const queue = strikes.values();
    await Promise.all(
      this.#lanes.map(async (lane) => {
        for (const strike of queue) await this.#check(lane, strike);
      }),
    );
    const summary = `${this.#name}: ${names.length} commands, ${this.#runs} runs with a fault, ${this.#struck} of them struck`;
    process.stdout.write(`      ${summary}; the longest took ${(this.#longestMs / 1000).toFixed(1)} s\n`);
    if (this.#failures.length > 0) expect.fail(`${this.#failures.length} runs\n${this.#failures.join('\n')}`);
  }

  async #check(lane: Lane, strike: Strike): Promise<void> {
    const { name, fault, at, once } = strike;
    const one = CASES[name]!;
    const baseline = await this.#baseline(lane, name);
    const target = { first: 1, middle: Math.ceil((baseline.messages + 1) / 2), last: baseline.messages }[at];
    let [seen, connections] = [0, 0];
    const struck = async (place: Place): Promise<Result> => {
      if (fault === 'refused') await lane.refuse();
      else lane.plan.set(fault, () => ++seen === target, once);
      const before = lane.plan.connections;
      const started = performance.now();
      const result = await finished(one, place);
      this.#longestMs = Math.max(this.#longestMs, performance.now() - started);
      connections = lane.plan.connections - before;
      lane.plan.set(undefined, () => false, false);
      if (fault === 'refused') await lane.mend();
      return result;
    };

    await this.#onGround(lane, struck, async (ground, result) => {
      this.#runs++;
      if (seen >= target || fault === 'refused' || fault === 'closed on accept') this.#struck++;
      try {
        expect(connections, 'connections').to.be.lessThan(baseline.connections + MAX_RECONNECTS);
        await expectHonest(one, ground, result, baseline);
      } catch (error) {
        const where = `message ${target} of ${baseline.messages} (${at}${once ? ', once' : ''})`;
        this.#fail(`${name}, ${fault}, ${where}: ${(error as Error).message}`, result);
      }
    });
  }

  #fail(what: string, { code, out, err }: Result): void {
    const failure = `${this.#name}, ${what}\n  exit ${String(code)}\n  out: ${brief(out)}\n  err: ${brief(err)}`;
    this.#failures.push(failure);
    if (RUNS_ALL) process.stdout.write(`${failure}\n`);
  }

  async #baseline(lane: Lane, name: string): Promise<Baseline> {
    const known = this.#baselines.get(name) ?? this.#measured(lane, name);
    this.#baselines.set(name, known);
    return known;
  }

  async #measured(lane: Lane, name: string): Promise<Baseline> {
    const one = CASES[name]!;
    let [messages, connections, answer] = [0, 0, ''];
    const clean = async (place: Place): Promise<Result> => {
      const [asked, accepted] = [lane.plan.asked, lane.plan.connections];
      const result = await finished(one, place, '30s');
      [messages, connections, answer] = [lane.plan.asked - asked, lane.plan.connections - accepted, result.out];
      return result;
    };

    await this.#onGround(lane, clean, async (_, result) => {
      if (result.code !== (one.clean ?? 0)) this.#fail(`${name}, without a fault`, result);
    });
    return { messages, connections, out: answer };
  }

  /** @param check gets a store that was opened after the run */
  async #onGround(
    lane: Lane,
    run: (place: Place) => Promise<Result>,
    check: (ground: Ground, result: Result) => Promise<void>,
  ): Promise<void> {
    const prefix = `r${process.pid}x${this.#serial++}-`;
    const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-faults-'));
    const profile = await resolveProfile({ url: lane.url(prefix, true), env: {}, cwd: folder });
    const place = { folder, url: lane.url(prefix) };
    const before = await openStore(profile, { timeoutMs: 20_000 });
    await seed(before);
    await before.close();
    const result = await run(place);
    const store = await openStore(profile, { timeoutMs: 20_000 });
    try {
      await check({ ...place, store }, result);
      await store.flush({ scope: 'prefix', locks: true, dryRun: false });
    } finally {
      await store.close();
      rmSync(folder, { force: true, recursive: true });
    }
  }
}

function brief(text: string): string {
  return JSON.stringify(text.length > 900 ? `${text.slice(0, 900)}...` : text);
}

function everyStrike(name: string): Strike[] {
  return FAULTS.flatMap((fault): Strike[] => {
    const first = { name, fault, at: 'first', once: false } as const;
    const last = { ...first, at: 'last' } as const;
    if (fault === 'refused' || fault === 'closed on accept') return [first];
    if (fault === 'garbage' || fault === 'slow drip' || fault === 'stalled') return [first, last];
    return [first, { ...first, at: 'middle' }, last, { ...last, once: true }];
  });
}

/** Half of the commands, which differ by store, and the faults in turn. On every store, a write of unknown outcome. */
function dealt(names: readonly string[], store: string): Strike[] {
  const unknown = { name: 'put', fault: 'cut after the request', at: 'last', once: false } as const;
  const others = names
    .filter((name) => createHash('sha1').update(`${store} ${name}`).digest()[0]! % 2 === 0)
    .map((name, index) => {
      const turn = index + store.length;
      return { name, fault: FAULTS[turn % FAULTS.length]!, at: 'last', once: turn % 2 === 0 } as const;
    });
  return [unknown, ...others];
}

/** Run a command to its end. A run that does not end is killed; its exit code is null. */
async function finished({ args, env }: Case, place: Place, timeout = TIMEOUT): Promise<Result> {
  const words = typeof args === 'function' ? args(place) : args;
  const end = words.includes('--') ? words.indexOf('--') : words.length;
  const own = (await env?.(place)) ?? {};
  const run = start(words.toSpliced(end, 0, '--timeout', timeout), { env: { CACHECTL_URL: place.url, ...own } });
  run.child.stdin.on('error', () => {}).end();
  const guard = setTimeout(() => run.child.kill('SIGKILL'), GUARD_MS);
  const result = await run.ended;
  clearTimeout(guard);
  return result;
}

async function expectHonest(one: Case, ground: Ground, result: Result, baseline: Baseline): Promise<void> {
  const { code, out, err } = result;
  expect(code, 'ended in time').not.to.equal(null);
  expect([one.clean ?? 0, 3, 4, ...(one.codes ?? [])], 'the exit code').to.include(code);
  expect(out + err, 'noise').not.to.match(NOISE);
  if (one.isSteady) {
    if (code === (one.clean ?? 0)) expect(out).to.equal(baseline.out);
    else expect(baseline.out.startsWith(out), 'standard output is the beginning of the answer').to.equal(true);
  }

  const isJson = typeof one.args !== 'function' && one.args.includes('--json');
  if (isJson) expect(() => JSON.parse(out) as unknown, 'standard output is JSON').not.to.throw();
  else if (code === 3 || code === 4)
    expect(out + err, 'an error').to.match(/^error: |fault|failed|closed the connection|may have been missed/m);
  if (one.counts !== undefined && one.done !== undefined) {
    const [, number] = new RegExp(`${one.counts} ([\\d,]+) entr`).exec(out + err) ?? [];
    if (number !== undefined) expect(Number(number), 'reported as done').to.be.at.most(await one.done(ground));
  }

  if (code === 0) await one.claim?.(ground, result);
  else if (one.counts === undefined && (await isDone(one, ground, { ...result, out: baseline.out }))) {
    expect(err + out, 'a write that was done is reported as uncertain').to.match(UNCERTAIN);
  }

  await one.always?.(ground, result);
}

/** Whether the server did what the command then reported as failed. */
async function isDone({ claim }: Case, ground: Ground, result: Result): Promise<boolean> {
  if (claim === undefined) return false;
  try {
    await claim(ground, result);
    return true;
  } catch {
    return false;
  }
}

/** After garbage, the server is no server of that kind. */
const UNCERTAIN = /may or may not|may (?:not )?have|does not speak|is not a|no .* server/;
