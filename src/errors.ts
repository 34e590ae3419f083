/** The exit codes of every command; part of the interface, so they are only ever added to. */
export const ExitCode = {
  Yes: 0,
  /** The honest "no": a miss, not acquired, not the owner, already there. */
  No: 1,
  /** The command line or the profile is wrong. */
  Usage: 2,
  /** The store could not be reached, refused us, timed out, or holds what cannot be read. */
  Store: 3,
  /** Ended part-way; the message says what was done. */
  Partial: 4,
  /** `lock:run`: somebody else holds the lock; sysexits' EX_TEMPFAIL, as flock's users expect. */
  NotAcquired: 75,
  /** `lock:run`: the lock was lost while the command ran. */
  LockLost: 76,
  /** Ctrl-C; the message says what was done. */
  Interrupted: 130,
} as const;

/** Shared by all copies of this module: a driver of the user's own may bring a cachectl of its own. */
const KINDS = Symbol.for('cachectl.error.kinds');

/**
 * Anything that goes wrong in a way that the user can act on. `message` says in one line what
 * happened and to whom; `hint` says in one line what to do. Neither may hold a secret.
 */
export abstract class CachectlError extends Error {
  /** Stable name for `--json`: `{"error": {"code", "message", "hint"}}`. */
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

  /** By name, so that it holds for the errors of another copy of cachectl, too. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && KINDS in value && (value[KINDS] as readonly string[]).includes(this.name);
  }

  /** The names of its class and of those that it extends. */
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

/** A command line that cannot be obeyed. */
export class UsageError extends CachectlError {
  readonly code = 'usage';
  readonly exitCode = ExitCode.Usage;
}

/** A profile file, environment variable or URL that is missing or wrong. */
export class ConfigError extends CachectlError {
  readonly code = 'config';
  readonly exitCode = ExitCode.Usage;
}

/** An operation that this driver cannot do; the message names driver and operation. */
export class UnsupportedError extends CachectlError {
  readonly code = 'unsupported';
  readonly exitCode = ExitCode.Usage;
}

/** No connection, or the connection was lost. */
export class UnreachableError extends CachectlError {
  readonly code = 'unreachable';
  readonly exitCode = ExitCode.Store;
}

/** No answer within `--timeout`. */
export class TimeoutError extends CachectlError {
  readonly code = 'timeout';
  readonly exitCode = ExitCode.Store;
}

/** Sent, and not answered within `--timeout`: the server may do it all the same. */
export class UnansweredError extends TimeoutError {}

/** The server or file answered, and the answer was no: password, permission, read-only, full. */
export class RefusedError extends CachectlError {
  readonly code = 'refused';
  readonly exitCode = ExitCode.Store;
}

/** The server answered that it cannot serve at the moment, but will: it loads its data, or hands over to another primary. */
export class NotReadyError extends RefusedError {}

/** Whether trying again later may help. */
export function isPassing(error: unknown): error is CachectlError {
  return error instanceof UnreachableError || error instanceof TimeoutError || error instanceof NotReadyError;
}

/** A listing cannot go on where another one ended: the server has been started anew, or is another one. */
export class LostPlaceError extends RefusedError {}

/** The key holds something that is not a cache entry (a Redis list, say). */
export class WrongTypeError extends CachectlError {
  readonly code = 'wrong-type';
  readonly exitCode = ExitCode.Store;
}

/** `increment` met a value that is not a number; the value is unchanged. */
export class NotANumberError extends CachectlError {
  readonly code = 'not-a-number';
  readonly exitCode = ExitCode.Store;
}

/** Stored bytes that the codec refuses; `offset` is where, in bytes from the start. */
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

/** Input (a file, standard input) that is not what the command takes; nothing of it was stored. */
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

/** The user was asked, and said no. */
export class DeclinedError extends CachectlError {
  readonly code = 'declined';
  readonly exitCode = ExitCode.No;
}

/** The reader of our standard output went away (`| head -1`): it has what it wanted, and nothing is said. */
export class ClosedPipeError extends CachectlError {
  readonly code = 'closed-pipe';
  readonly exitCode = ExitCode.Yes;

  constructor() {
    super('standard output was closed', '');
  }
}
