import { CachectlError, PartialError } from '../../errors.js';

/** The number of names in a message. */
const NAMED = 5;

/**
 * Return all results if every part succeeded.
 * @param did past tense, for the message: `forgot`
 * @param names what was requested, for the message
 * @param kind their plural: `keys`
 * @throws PartialError with the failed names if some succeeded; the first error if none did
 */
export function allDone<Done>(
  did: string,
  names: readonly string[],
  kind: string,
  outcomes: ReadonlyArray<Done | Error>,
): readonly Done[] {
  const error = outcomes.find((outcome) => outcome instanceof Error);
  if (error === undefined) return outcomes as readonly Done[];
  const left = names.filter((_, index) => outcomes[index] instanceof Error);
  if (left.length === names.length || !(error instanceof CachectlError)) throw error;
  const done = `${did} ${names.length - left.length} of ${names.length} ${kind}`;
  throw new PartialError(
    `${done}, not ${listed(left)}: ${error.message}`,
    `${error.hint} Then repeat the command for the rest.`,
    {
      cause: error,
    },
  );
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).map((name) => JSON.stringify(name));
  return names.length > NAMED ? `${shown.join(', ')} and ${names.length - NAMED} more` : shown.join(', ');
}
