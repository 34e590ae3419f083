import { run } from '@oclif/core/run';

import { ExitCode } from '../errors.js';
import { asksForJson, reportError } from './report-error.js';
import { runCommand } from './run-command.js';

/** Runs the program and ends the process. @param root the folder of package.json */
export async function main(argv: readonly string[], root: string): Promise<never> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', onOutputError);
  await perform(argv, root);
  await written(process.stdout);
  await written(process.stderr);
  // A socket that does not close must not keep the shell waiting.
  process.exit();
}

/** Runs the program up to its exit code. */
export async function perform(argv: readonly string[], root: string): Promise<void> {
  try {
    const help = await runCommand(argv, root);
    if (help !== undefined) await run([...help], { root });
  } catch (error) {
    process.exitCode = reportError(error, asksForJson(argv));
  }
}

/** A closed pipe (`| head -1`) ends a command through its interruption; any other failure to write is one. */
function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`error: the answer could not be written (${error.code})\n  Is the disk full?\n`);
  process.exit(ExitCode.Partial);
}

async function written(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0 || stream.destroyed) return;
  await new Promise<void>((resolve) => {
    stream.write('', () => resolve());
  });
}
