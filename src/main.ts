import { COMMANDS } from './command-table.js';
import { ExitCode } from './errors.js';
import { asksForJson, reportError } from './runtime/report-error.js';
import { runCommand } from './runtime/run-command.js';
import { isOutputClosed, refuseOutput } from './terminal/output.js';

/** Run the program and end the process. @param root the folder of package.json */
export async function main(argv: readonly string[], root: string): Promise<never> {
  let failure: NodeJS.ErrnoException | undefined;
  failAsClosedPipe(process.stdout, (error) => {
    const isFailure = error.code !== 'EPIPE';
    if (isFailure) failure = error;
    refuseOutput({ isFailure });
  });
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignore);
  await perform(argv, root);
  await written(process.stdout);
  if (failure !== undefined) reportWriteFailure(failure);
  await written(process.stderr);
  // An open socket must not delay the exit.
  process.exit();
}

/** Run the program and set its exit code. */
export async function perform(argv: readonly string[], root: string): Promise<void> {
  try {
    if (argv[0] === '__complete') {
      const { complete } = await import('./features/completion/complete.js');
      return await complete(argv.slice(1), root);
    }

    await runCommand(argv, root, COMMANDS);
  } catch (error) {
    process.exitCode = reportError(error, asksForJson(argv));
  }
}

/**
 * Turn any write error into a closed pipe (`| head -1`), which ends the work like an interruption. Otherwise oclif (or
 * Node 20) would throw it where it can be neither reported nor cleaned up after.
 */
function failAsClosedPipe(stream: NodeJS.WriteStream, onFailure: (error: NodeJS.ErrnoException) => void): void {
  const write = stream._write.bind(stream);
  const closed = (error: NodeJS.ErrnoException): Error => {
    onFailure(error);
    return Object.assign(new Error(error.message, { cause: error }), { code: 'EPIPE' });
  };

  stream._write = (chunk, encoding, done) => {
    try {
      write(chunk, encoding, (error) => done(error ? closed(error) : undefined));
    } catch (error) {
      done(closed(error as NodeJS.ErrnoException));
    }
  };
}

/** Report a write error, unless the command already did and set the exit code. */
function reportWriteFailure(failure: NodeJS.ErrnoException): void {
  if (process.exitCode === ExitCode.Partial) return;
  process.exitCode = ExitCode.Partial;
  process.stderr.write(
    `error: cannot write the answer to standard output (${failure.code})\n  Check the disk space.\n`,
  );
}

async function written(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0 || stream.destroyed || (stream === process.stdout && isOutputClosed())) return;
  await new Promise<void>((resolve) => {
    stream.write('', () => resolve());
  });
}

function ignore(): void {
  // Errors of standard output are reported above; for standard error there is no place to report them.
}
