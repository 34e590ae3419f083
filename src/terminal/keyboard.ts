/**
 * Listen for single keys during a live view. Ctrl-C works as usual.
 * @param quit called for `q` and Escape
 * @returns stops listening and restores the terminal
 */
export function onQuitKey(quit: () => void): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) {
    return () => {
      // There is no keyboard.
    };
  }

  const onData = (chunk: Buffer): void => {
    const keys = chunk.toString('latin1');
    // In raw mode the terminal does not send the signal itself.
    if (keys.includes('\u0003')) process.kill(process.pid, 'SIGINT');
    // Only a lone Escape: longer sequences are other keys, such as arrows.
    else if (keys.toLowerCase().includes('q') || keys === '\u001B') quit();
  };

  stdin.setRawMode(true);
  stdin.on('data', onData);
  stdin.resume();
  return () => {
    stdin.off('data', onData);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
