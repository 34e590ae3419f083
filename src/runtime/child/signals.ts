import { constants } from 'node:os';

/**
 * Signals that end a program unless it handles them. Not among them: KILL and STOP, which no program can handle; what the
 * hardware raises (SEGV, BUS, FPE, ILL), after which no program can go on; real-time signals, which Node cannot handle.
 */
export const FATAL_SIGNALS: readonly NodeJS.Signals[] = (
  [
    'SIGHUP',
    'SIGINT',
    'SIGQUIT',
    'SIGTRAP',
    'SIGABRT',
    'SIGUSR1',
    'SIGUSR2',
    'SIGALRM',
    'SIGTERM',
    'SIGSTKFLT',
    'SIGXCPU',
    'SIGVTALRM',
    'SIGPROF',
    'SIGIO',
    'SIGPWR',
    'SIGSYS',
  ] as const
).filter((name) => Object.hasOwn(constants.signals, name));

/** Those by which users, terminals and service managers end a program. */
export const ENDING_SIGNALS: ReadonlySet<NodeJS.Signals> = new Set(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM']);
