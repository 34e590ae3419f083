/** The exit codes of all commands. They are an interface: only add to them. */
export const ExitCode = {
  Yes: 0,
  /** The answer is no: a miss, not acquired, not the owner, already there, a declined prompt. */
  No: 1,
  /** The command line or the profile is wrong. */
  Usage: 2,
  /** The store could not be reached, refused, timed out, or holds undecodable bytes. */
  Store: 3,
  /** Failed part-way; the message says what was done. */
  Partial: 4,
  /** `lock:run`: someone else holds the lock. EX_TEMPFAIL of sysexits, as in flock. */
  NotAcquired: 75,
  /** `lock:run`: the lock was lost while the command ran. */
  LockLost: 76,
  /** Ctrl-C; the message says what was done. */
  Interrupted: 130,
} as const;

/** Shared by all copies of this module: a custom driver may bring its own cachectl. */
const KINDS = Symbol.for('cachectl.error.kinds');

/**
 * An error that the user can act on. `message` says in one line what happened, and to what. `hint` says in one line
 * what to do. Neither may contain a secret.
 */
export abstract class CachectlError extends Error {
  /** A stable name for `--json`: `{"error": {"code", "message", "hint"}}`. */
  abstract readonly code: string;
  abstract readonly exitCode: number;

  constructor(
    message: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }

  /** Compares names, so that it also works for errors of another copy of cachectl. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && KINDS in value && (value[KINDS] as readonly string[]).includes(this.name);
  }

  /** The names of its class and base classes. */
  get [KINDS](): readonly string[] {
    const names: string[] = [];
    let kind: unknown = this.constructor;
    while (typeof kind === 'function' && kind !== Error) {
      names.push(kind.name);
      kind = Object.getPrototypeOf(kind);
    }

    return names;
  }
}

/** An invalid command line. */
export class UsageError extends CachectlError {
  readonly code = 'usage';
  readonly exitCode = ExitCode.Usage;
}

/** A missing or wrong profile file, environment variable or URL. */
export class ConfigError extends CachectlError {
  readonly code = 'config';
  readonly exitCode = ExitCode.Usage;
}

/** The driver does not support the operation. The message names both. */
export class UnsupportedError extends CachectlError {
  readonly code = 'unsupported';
  readonly exitCode = ExitCode.Usage;
}

/** No connection, or a lost one. */
export class UnreachableError extends CachectlError {
  readonly code = 'unreachable';
  readonly exitCode = ExitCode.Store;
}

/** No answer within `--timeout`. */
export class TimeoutError extends CachectlError {
  readonly code = 'timeout';
  readonly exitCode = ExitCode.Store;
}

/** No answer within `--timeout` to a sent request, which may still take effect. */
export class UnansweredError extends TimeoutError {}

/** The server or file refused: a password, a permission, read-only, full. */
export class RefusedError extends CachectlError {
  readonly code = 'refused';
  readonly exitCode = ExitCode.Store;
}

/** The server cannot answer at the moment: it is loading its data, or failing over to another primary. */
export class NotReadyError extends RefusedError {}

/** The store has no space left, for this entry or any other. */
export class FullError extends RefusedError {}

/** Whether a later retry may succeed. */
export function isPassing(error: unknown): error is CachectlError {
  return error instanceof UnreachableError || error instanceof TimeoutError || error instanceof NotReadyError;
}

/** A listing cannot continue at its position: the server has restarted, or is another one. */
export class LostPlaceError extends RefusedError {}

/** The key holds something that is not a cache entry, such as a Redis list. */
export class WrongTypeError extends CachectlError {
  readonly code = 'wrong-type';
  readonly exitCode = ExitCode.Store;
  /** What the key holds, in the store's terms: `list`. */
  readonly type: string | undefined;

  constructor(message: string, hint: string, { type, ...options }: ErrorOptions & { readonly type?: string } = {}) {
    super(message, hint, options);
    this.type = type;
  }
}

/** `increment` found a value that is not a number, and left it unchanged. */
export class NotANumberError extends CachectlError {
  readonly code = 'not-a-number';
  readonly exitCode = ExitCode.Store;
}

/** The codec refuses the stored bytes. `offset` is the position in bytes. */
export class UndecodableError extends CachectlError {
  readonly code = 'undecodable';
  readonly exitCode = ExitCode.Store;

  constructor(
    message: string,
    hint: string,
    readonly offset?: number,
  ) {
    super(message, hint);
  }
}

/** The value would exceed `--max-value` once decompressed. */
export class TooLargeError extends UndecodableError {}

/** Invalid input (a file, standard input). Nothing of it was stored. */
export class InputError extends CachectlError {
  readonly code = 'input';
  readonly exitCode = ExitCode.Usage;
}

/** Failed part-way; the message says what was done before. */
export class PartialError extends CachectlError {
  readonly code = 'partial';
  readonly exitCode = ExitCode.Partial;
}

/** The user pressed Ctrl-C; the message says what was done before. */
export class InterruptedError extends CachectlError {
  readonly code = 'interrupted';
  readonly exitCode = ExitCode.Interrupted;
}

/** The user answered no. */
export class DeclinedError extends CachectlError {
  readonly code = 'declined';
  readonly exitCode = ExitCode.No;
}

/** The reader of standard output closed the pipe (`| head -1`). Nothing is printed. */
export class ClosedPipeError extends CachectlError {
  readonly code = 'closed-pipe';
  readonly exitCode = ExitCode.Yes;

  constructor() {
    super('standard output was closed', '');
  }
}
