/** Wakes one waiting task. A ring that nobody waits for is kept until the next wait. */
export class Bell {
  #hasRung = false;
  #isClosed = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#hasRung = true;
    this.#wake?.();
  }

  /** End the current wait and all later ones. */
  close(): void {
    this.#isClosed = true;
    this.#wake?.();
  }

  /** True as soon as it rings; false after the time in milliseconds, on the signal, or when it is closed. */
  async rings(milliseconds: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#hasRung) await this.#sleep(milliseconds, signal);
    const isNews = this.#hasRung && !this.#isClosed && !signal.aborted;
    this.#hasRung = false;
    return isNews;
  }

  async #sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (this.#isClosed || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#wake = undefined;
        resolve();
      };

      const timer = setTimeout(wake, Math.max(0, milliseconds));
      signal.addEventListener('abort', wake, { once: true });
      this.#wake = wake;
    });
  }
}
