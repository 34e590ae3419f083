import { COMMANDS } from './command-table.js';
import { ExitCode } from './errors.js';
import { asksForJson, reportError } from './runtime/report-error.js';
import { runCommand } from './runtime/run-command.js';
import { isOutputClosed, refuseOutput } from './terminal/output.js';

/** Runs the program and ends the process. @param root the folder of package.json */
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
  if (failure !== undefined) tellOf(failure);
  await written(process.stderr);
  // A socket that does not close must not keep the shell waiting.
  process.exit();
}

/** Runs the program up to its exit code. */
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
 * A closed pipe (`| head -1`) ends what is going on, as an interruption does. So does any other failure to write, which
 * oclif would throw, and Node 20 does, where nothing can be said or given back any more.
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

/** A command that told what became of its answer has the exit code already. */
function tellOf(failure: NodeJS.ErrnoException): void {
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
  // Of standard output the end is told by what ran; of standard error there is no other place to say so.
}
