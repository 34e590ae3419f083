import { constants } from 'node:os';

/**
 * Signals that end a program unless it handles them. Not included: KILL and STOP, which cannot be handled; hardware
 * faults (SEGV, BUS, FPE, ILL), after which no program can continue; real-time signals, which Node cannot handle.
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

/** The signals with which users, terminals and service managers end a program. */
export const ENDING_SIGNALS: ReadonlySet<NodeJS.Signals> = new Set(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM']);
