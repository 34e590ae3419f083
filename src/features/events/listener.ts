import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

import type { CacheEvent } from '../../stores/contract/events.js';

import { ignoredSignals } from '../../runtime/child/ignored-signals.js';
import { callersEnvironment } from '../../runtime/environment.js';
import { printKey, printNames } from '../../stores/entries/printed-key.js';
import { systemReason } from '../../system-errors.js';
import { warn } from '../../terminal/output.js';
import { eventJson } from './text.js';

/**
 * Runs a shell command for each event. The event is in its environment and, as JSON, on its standard input. It inherits
 * standard output and standard error. A failed command is reported, and the next one runs.
 */
export class EventListener {
  readonly #command: string;
  readonly #source: string;
  readonly #most: number;
  readonly #signal: AbortSignal;
  readonly #running = new Set<Promise<void>>();
  #failed = 0;

  /**
   * @param most the maximum number of concurrent commands
   * @param signal stops starting commands
   */
  constructor(command: string, source: string, most: number, signal: AbortSignal) {
    this.#command = command;
    this.#source = source;
    this.#most = most;
    this.#signal = signal;
  }

  get failed(): number {
    return this.#failed;
  }

  /** Start the command, after waiting for a free slot. False if the signal came first. */
  async handle(event: CacheEvent): Promise<boolean> {
    while (this.#running.size >= this.#most) await Promise.race(this.#running);
    if (this.#signal.aborted) return false;
    const run = this.#run(event).finally(() => this.#running.delete(run));
    this.#running.add(run);
    return true;
  }

  /** Resolves when the last command has ended. */
  async end(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #run(event: CacheEvent): Promise<void> {
    const failure = await outcomeOf(() => this.#start(event));
    if (failure === undefined) return;
    this.#failed++;
    warn(`the command ${failure} for ${nameOf(event)}`);
  }

  #start(event: CacheEvent): ChildProcess {
    const child = spawn(ignoring(this.#command), {
      shell: true,
      stdio: ['pipe', 'inherit', 'inherit'],
      env: { ...callersEnvironment(), ...environmentOf(event, this.#source) },
    });
    child.stdin?.on('error', () => {
      // The command does not read its input.
    });
    child.stdin?.end(eventJson(event, this.#source));
    return child;
  }
}

/** Undefined if it succeeded. */
async function outcomeOf(start: () => ChildProcess): Promise<string | undefined> {
  try {
    // Node throws some errors synchronously.
    const [code, signal] = (await once(start(), 'exit')) as [null | number, NodeJS.Signals | null];
    if (code === 0) return undefined;
    return signal === null ? `exited with ${code}` : `was ended by ${signal}`;
  } catch (error) {
    return `could not be started (${systemReason(error)})`;
  }
}

/** Node resets ignored signals in child processes, so the shell ignores them again. */
function ignoring(command: string): string {
  const names = [...ignoredSignals()].map((signal) => signal.slice('SIG'.length));
  return names.length === 0 ? command : `trap '' ${names.join(' ')}\n${command}`;
}

/** In bytes. Linux allows 128 KiB for one variable, Windows 32,767 characters. */
const MAX_VALUE = 16 * 1024;

/** Variables cannot contain NUL or long text. The JSON on standard input has everything. */
function variable(text: string): string {
  return Buffer.byteLength(text) > MAX_VALUE ? '' : text.replaceAll('\0', '');
}

/** Unknown values are empty, so that the values of an outer events:tail are not inherited. */
function environmentOf({ time, type, key, tags, ttl, size, client }: CacheEvent, source: string) {
  return {
    CACHECTL_EVENT_AT: time.toISOString(),
    CACHECTL_EVENT_TYPE: type,
    CACHECTL_EVENT_KEY: variable(printKey(key ?? '')),
    CACHECTL_EVENT_TAGS: variable(printNames(tags ?? [])),
    CACHECTL_EVENT_TTL: ttl === undefined ? '' : String(ttl ?? 'never'),
    CACHECTL_EVENT_SIZE: size === undefined ? '' : String(size),
    CACHECTL_EVENT_ADDRESS: client?.address ?? '',
    CACHECTL_EVENT_CLIENT: variable(client?.name ?? ''),
    CACHECTL_EVENT_SOURCE: source,
  };
}

/** The maximum number of characters of a key in messages. */
const MAX_KEY = 100;

function nameOf({ type, key }: CacheEvent): string {
  return key === undefined ? type : `${type} ${JSON.stringify(printKey(key).slice(0, MAX_KEY))}`;
}
