import { answer } from './output.js';

/** The maximum length of a write, in characters. */
const CHUNK = 65_536;

/** Prints many lines. Lines that arrive together share one write; none is delayed. */
export class LinePrinter {
  #waiting = '';
  #writing: Promise<void> | undefined;
  #isScheduled = false;
  #failure: unknown;

  /** Resolves at once if the buffer has room, else once the reader has caught up. @throws ClosedPipeError */
  async print(line: string): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#waiting += line;
    if (this.#waiting.length >= CHUNK) await this.flush();
    else this.#schedule();
  }

  /** Resolves once the reader has taken everything. @throws ClosedPipeError */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
    const text = this.#waiting;
    this.#waiting = '';
    if (text === '') return;
    this.#writing = this.#write(text);
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      // The next call of `print` throws the error.
      this.flush().catch(() => {});
    });
  }

  async #write(text: string): Promise<void> {
    try {
      await answer(text);
    } catch (error) {
      this.#failure = error;
    }
  }
}
