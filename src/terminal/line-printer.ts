import { answer } from './output.js';

/** Characters that are written at once. */
const CHUNK = 65_536;

/** Prints many lines, those that come at once by one write, and none of them later than the program could. */
export class LinePrinter {
  #waiting = '';
  #writing: Promise<void> | undefined;
  #isScheduled = false;
  #failure: unknown;

  /** Resolves at once while there is room, else when the reader took what was printed. @throws ClosedPipeError */
  async print(line: string): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#waiting += line;
    if (this.#waiting.length >= CHUNK) await this.flush();
    else this.#schedule();
  }

  /** Resolves when the reader took everything. @throws ClosedPipeError */
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
      // What went wrong is thrown by whoever prints next.
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
