import { closeSync, constants, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

import { systemCode, systemReason } from '../../../system-errors.js';
import { warn } from '../../../terminal/output.js';

/** The shortest time between two saves, in milliseconds. */
const PAUSE_MS = 200;

/** A save takes at most this share of the time: on a slow disk they are further apart. */
const SHARE_OF_TIME = 1 / 50;

/**
 * A JSON file beside a file that is read or written. It records how far the work has come, so that `--resume` can
 * continue after any interruption. It is replaced atomically, and neither read nor written through a symbolic link.
 */
export class Sidecar<State extends object> {
  readonly path: string;
  readonly #isState: (state: Partial<State>) => boolean;
  #nextSaveAt = -Infinity;

  constructor(path: string, isState: (state: Partial<State>) => boolean) {
    this.path = path;
    this.#isState = isState;
  }

  /** Undefined where there is no such file; null where it holds something else. */
  read(): null | State | undefined {
    const text = textOf(this.path);
    if (typeof text !== 'string') return text;
    const state = objectIn<State>(text);
    return state !== undefined && this.#isState(state) ? (state as State) : null;
  }

  /** Replaces the file, and waits until the disk has the new content. */
  write(state: State): void {
    const next = `${this.path}.new`;
    rmSync(next, { force: true });
    // O_EXCL follows no link.
    writeFileSync(next, JSON.stringify(state), { flag: 'wx', mode: 0o600, flush: true });
    renameSync(next, this.path);
  }

  /**
   * Saves a state if some time has passed since the last one. A failure is a warning, given once: it costs work that is
   * done twice, and no more.
   * @param stateOf is called only when its state is saved
   */
  async save(stateOf: () => Promise<State> | State, { atOnce = false } = {}): Promise<void> {
    const start = performance.now();
    if (!atOnce && start < this.#nextSaveAt) return;
    const state = await stateOf();
    try {
      this.write(state);
    } catch (error) {
      warn(
        `cannot write ${this.path} (${systemReason(error)}): --resume continues from the last saved state, if there is one`,
      );
      this.#nextSaveAt = Infinity;
      return;
    }

    const now = performance.now();
    this.#nextSaveAt = now + Math.max(PAUSE_MS, (now - start) / SHARE_OF_TIME);
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }
}

/** The object in a JSON text; undefined where there is none. */
export function objectIn<T>(text: string): Partial<T> | undefined {
  try {
    return (JSON.parse(text) as null | Partial<T>) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Null for a symbolic link. */
function textOf(path: string): null | string | undefined {
  try {
    // Windows has no O_NOFOLLOW.
    const file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    try {
      return readFileSync(file, 'utf8');
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP') return null;
    throw error;
  }
}
