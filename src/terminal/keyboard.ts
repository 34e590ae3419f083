/**
 * Listens to single keys while a live view stands on a terminal. Ctrl-C stays what it is.
 * @param quit called for `q` and Escape
 * @returns ends it, and gives the terminal back as it was
 */
export function onQuitKey(quit: () => void): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) {
    return () => {
      // Nobody sits there.
    };
  }

  const heard = (chunk: Buffer): void => {
    const keys = chunk.toString('latin1');
    // In raw mode the terminal makes no signal of it.
    if (keys.includes('\u0003')) process.kill(process.pid, 'SIGINT');
    // Escape alone: with more behind it, it is an arrow, say.
    else if (keys.toLowerCase().includes('q') || keys === '\u001B') quit();
  };

  stdin.setRawMode(true);
  stdin.on('data', heard);
  stdin.resume();
  return () => {
    stdin.off('data', heard);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
