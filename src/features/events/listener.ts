import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

import type { CacheEvent } from '../../stores/contract/events.js';

import { ignoredSignals } from '../../runtime/child/ignored-signals.js';
import { callersEnvironment } from '../../runtime/environment.js';
import { printKey, printNames } from '../../stores/entries/printed-key.js';
import { warn } from '../../terminal/output.js';
import { eventJson } from './text.js';

/**
 * Runs a command of the user's for each event, by the shell: the event is in its environment and, as JSON, on its standard
 * input; what it prints goes where ours does. What fails is said, and does not keep the others from running.
 */
export class EventListener {
  readonly #command: string;
  readonly #source: string;
  readonly #most: number;
  readonly #signal: AbortSignal;
  readonly #running = new Set<Promise<void>>();
  #failed = 0;

  /**
   * @param most how many may run at once
   * @param signal from which on no more of them are started
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

  /** Resolves when it has been started, which waits for one to end while as many run as may. False when it is not any more. */
  async tell(event: CacheEvent): Promise<boolean> {
    while (this.#running.size >= this.#most) await Promise.race(this.#running);
    if (this.#signal.aborted) return false;
    const run = this.#run(event).finally(() => this.#running.delete(run));
    this.#running.add(run);
    return true;
  }

  /** Resolves when the last of them has ended. */
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
      // It does not want to read it.
    });
    child.stdin?.end(eventJson(event, this.#source));
    return child;
  }
}

/** Undefined when it ended well. */
async function outcomeOf(start: () => ChildProcess): Promise<string | undefined> {
  try {
    // Of some reasons not to start it Node tells at once.
    const [code, signal] = (await once(start(), 'exit')) as [null | number, NodeJS.Signals | null];
    if (code === 0) return undefined;
    return signal === null ? `exited with ${code}` : `was ended by ${signal}`;
  } catch (error) {
    return `could not be started (${(error as Error).message})`;
  }
}

/** Node has every child begin with the defaults. */
function ignoring(command: string): string {
  const names = [...ignoredSignals()].map((signal) => signal.slice('SIG'.length));
  return names.length === 0 ? command : `trap '' ${names.join(' ')}\n${command}`;
}

/** In bytes: Linux takes 128 KiB for one variable, and Windows 32,767 characters. */
const LONGEST_VALUE = 16 * 1024;

/** The environment cannot hold NUL, nor what is long; the JSON has the whole. */
function variable(text: string): string {
  return Buffer.byteLength(text) > LONGEST_VALUE ? '' : text.replaceAll('\0', '');
}

/** What is not known is empty, so that no value of an outer listener shows through. */
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

/** Characters of a key that are shown. */
const LONGEST_KEY = 100;

function nameOf({ type, key }: CacheEvent): string {
  return key === undefined ? type : `${type} ${JSON.stringify(printKey(key).slice(0, LONGEST_KEY))}`;
}
