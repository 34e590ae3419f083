import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const HOLDER = fileURLToPath(new URL('holder.mjs', import.meta.url));

/** Seconds. A longer suspension loses the lock; a tenth of it does not. */
export const TTL = 6;

/** A run of `lock:run` and the disturbances of it. Times in milliseconds. */
export interface History {
  readonly owner: string;
  readonly fence: bigint;
  /** When its command reported its start and its end. */
  readonly begun: number;
  ended?: number;
  wrote: boolean;
  readonly process: Contender;
}

/** A contending process. */
export interface Contender {
  readonly child: ChildProcess;
  readonly exit: Promise<{ readonly code: null | number; readonly signal: NodeJS.Signals | null; readonly at: number }>;
  /** When it was first killed, or suspended for longer than the TTL. */
  disturbedAt?: number;
  killed: boolean;
}

/**
 * Processes that contend for a lock and count in a file, while others are killed and suspended. Reads of the file are
 * unguarded; only the newest fence may write.
 */
export class Torture {
  readonly history: History[] = [];
  readonly contenders: Contender[] = [];
  /** The fences of all writes, in order. */
  readonly written: bigint[] = [];
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'cachectl-torture-'));
  readonly #url: string;
  readonly #server: Server;
  readonly #byParent = new Map<number, Contender>();
  #newest = 0n;

  constructor(url: string) {
    this.#url = url;
    writeFileSync(this.file, '0');
    this.#server = createServer((socket) => {
      const lines = createInterface({ input: socket });
      for (const each of [socket, lines]) {
        each.on('error', () => {
          // Its process was killed.
        });
      }

      lines.on('line', (line) => socket.write(`${this.#heard(line)}\n`));
    });
  }

  get file(): string {
    return path.join(this.#folder, 'count');
  }

  get count(): number {
    return Number(readFileSync(this.file, 'utf8'));
  }

  /**
   * Run that many at a time, replacing each that ends, until the time (milliseconds) is over. Then wait for the last.
   */
  async run(processes: number, milliseconds: number): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const endAt = Date.now() + milliseconds;
    const slots = Array.from({ length: processes }, async () => {
      while (Date.now() < endAt) {
        const { exit } = this.#contend();
        await exit;
      }
    });
    while (Date.now() < endAt) await this.#disturb();
    await Promise.all(slots);
  }

  remove(): void {
    this.#server.close();
    for (const { child } of this.contenders) signal(child, 'SIGKILL');
    rmSync(this.#folder, { force: true, recursive: true });
  }

  #contend(): Contender {
    const { port } = this.#server.address() as AddressInfo;
    const command = [process.execPath, HOLDER, String(port), this.file];
    const flags = ['--ttl', `${TTL}s`, '--wait', '10m', '--fence', '--timeout', '30s', '--url', this.#url];
    const child = spawn(process.execPath, [PROGRAM, 'lock:run', 'torture', ...flags, '--', ...command], {
      // Its own process group, so that it can be suspended with its command.
      detached: true,
      env: { PATH: process.env.PATH ?? '', HOME: this.#folder },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const exit = once(child, 'exit').then(([code, by]) => {
      const contender = this.#byParent.get(child.pid!)!;
      // Its output matters only if it should not have ended like this.
      if (code !== 0 && code !== LOST && !contender.killed) process.stderr.write(said);
      return { code: code as null | number, signal: by as NodeJS.Signals | null, at: Date.now() };
    });
    const contender: Contender = { child, exit, killed: false };
    this.contenders.push(contender);
    this.#byParent.set(child.pid!, contender);
    return contender;
  }

  /** `begin FENCE OWNER`, `write FENCE OWNER COUNT`, `end FENCE OWNER`. */
  #heard(line: string): string {
    const [what, fence = '', owner = '', count] = line.split(' ');
    const number = BigInt(fence);
    if (what === 'begin') {
      const pid = Number(/:(\d+):[\da-f]{32}$/.exec(owner)?.[1]);
      const contender = this.#byParent.get(pid)!;
      this.history.push({ owner, fence: number, begun: Date.now(), wrote: false, process: contender });
      if (number > this.#newest) this.#newest = number;
      return number === this.#newest ? 'go' : 'too old';
    }

    const entry = this.history.find((known) => known.owner === owner)!;
    if (what === 'end') {
      entry.ended = Date.now();
      return 'done';
    }

    if (number !== this.#newest) return 'too old';
    writeFileSync(this.file, count!);
    this.written.push(number);
    entry.wrote = true;
    return 'written';
  }

  /** Disturb a process now and then, mostly the holder. */
  async #disturb(): Promise<void> {
    await sleep(300 + Math.random() * 900);
    const running = this.contenders.filter(({ child, killed }) => isRunning(child) && !killed);
    const holding = this.history.findLast(({ ended, process: by }) => ended === undefined && running.includes(by));
    const waiting = running[Math.floor(Math.random() * running.length)];
    const victim = Math.random() < 0.6 ? (holding?.process ?? waiting) : waiting;
    if (victim !== undefined) await pick(DISTURBANCES)(victim);
  }
}

/** The exit code for a lost lock. */
export const LOST = 76;

type Disturbance = (victim: Contender) => Promise<void>;

const DISTURBANCES: readonly Disturbance[] = [
  // Kill only `lock:run`: the command keeps running without a lock.
  async (victim) => {
    disturbed(victim);
    victim.killed = true;
    victim.child.kill('SIGKILL');
  },
  async (victim) => {
    disturbed(victim);
    victim.killed = true;
    signal(victim.child, 'SIGKILL');
  },
  // Suspend it with its command beyond the TTL.
  async (victim) => {
    disturbed(victim);
    signal(victim.child, 'SIGSTOP');
    await sleep((TTL + 1) * 1000);
    signal(victim.child, 'SIGCONT');
  },
  // Suspend only `lock:run` beyond the TTL.
  async (victim) => {
    disturbed(victim);
    victim.child.kill('SIGSTOP');
    await sleep((TTL + 1) * 1000);
    victim.child.kill('SIGCONT');
  },
  // Suspend it briefly; the lock survives.
  async (victim) => {
    signal(victim.child, 'SIGSTOP');
    await sleep(TTL * 100);
    signal(victim.child, 'SIGCONT');
  },
];

function disturbed(victim: Contender): void {
  victim.disturbedAt ??= Date.now();
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/** To a process and its command. */
function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  try {
    process.kill(-pid!, name);
  } catch {
    // They have ended.
  }
}

function pick<T>(items: readonly T[]): T {
  return items[Math.floor(Math.random() * items.length)]!;
}
