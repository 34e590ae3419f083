import { CachectlError, ClosedPipeError, DeclinedError, ExitCode } from '../errors.js';
import { maskSecrets } from '../profiles/mask.js';
import { printable } from '../stores/entries/printed-key.js';
import { stringify, UnfinishedListError } from '../terminal/json.js';
import { isOutputClosed } from '../terminal/output.js';
import { styleText } from '../terminal/style.js';
import { wrapMessage } from '../terminal/wrap.js';
import { debugSetting } from './environment.js';
import { isParserError, usageFailure } from './usage-errors.js';

/** A failure as users see it. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly exitCode: number;
}

/**
 * Print an error: two lines on standard error, or one JSON document on standard output, which is the last member of an
 * unfinished list. A declined prompt is not an error and takes one line.
 * @returns the exit code
 */
export function reportError(thrown: unknown, asJson: boolean): number {
  const isUnfinished = thrown instanceof UnfinishedListError;
  const error = isUnfinished ? thrown.cause : thrown;
  const failure = toFailure(error);
  if (error instanceof ClosedPipeError) return failure.exitCode;
  if (asJson && !isOutputClosed()) {
    const document = stringify({ error: errorFields(failure) });
    process.stdout.write(isUnfinished ? `,${document}]\n` : `${document}\n`);
  } else if (error instanceof DeclinedError) process.stderr.write(`${wrapMessage(failure.message)}\n`);
  else process.stderr.write(errorText(failure));
  if (debugSetting() && error instanceof Error) process.stderr.write(`${shown(stacks(error))}\n`);
  return failure.exitCode;
}

/** Whether a command line asks for JSON. Words after `--` belong to another program. */
export function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? undefined : end).includes('--json');
}

/** The two lines for a person. */
export function errorText({ message, hint }: Failure): string {
  return wrapMessage(`${styleText('red', 'error:')} ${message}\n${indent(hint)}`);
}

/** The shape in `--json`: `{"code", "message", "hint"}`. */
export function errorFields({ code, message, hint }: Failure) {
  return { code, message, hint };
}

export function toFailure(error: unknown): Failure {
  if (error instanceof CachectlError) {
    const { code, exitCode } = error;
    return { code, message: shown(withoutPreamble(error.message)), hint: shown(error.hint), exitCode };
  }

  if (isParserError(error)) {
    const { message, hint } = usageFailure(error);
    return { code: 'usage', message: printable(message), hint: printable(hint), exitCode: ExitCode.Usage };
  }

  return {
    code: 'internal',
    message: shown(error instanceof Error ? error.message : String(error)),
    hint: 'This is a bug in cachectl or in a custom driver. Run the command again with DEBUG=1, and report the stack trace.',
    exitCode: ExitCode.Partial,
  };
}

/** Error messages of servers may contain keys, which can hold any bytes. */
function shown(text: string): string {
  return printable(maskSecrets(text));
}

/** oclif wraps errors of a flag's own parser in three lines. */
function withoutPreamble(message: string): string {
  return message.replace(/^Parsing (--\S+) \n\t/, '$1: ').replace(/\nSee more help with --help$/, '');
}

function stacks({ stack = '', cause }: Error): string {
  return cause instanceof Error ? `${stack}\nfrom ${stacks(cause)}` : stack;
}

function indent(hint: string): string {
  return hint === '' ? '' : `  ${hint}\n`;
}
