import { CachectlError, PartialError } from '../../errors.js';

/** Names that a message holds. */
const NAMED = 5;

/**
 * What came of each, where it came of all.
 * @param did in the past tense: `forgot`
 * @param names of what was asked for, for messages
 * @param kind what those are, in the plural: `keys`
 * @throws PartialError that names the others, when it came of some; the first error when it came of none
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
  throw new PartialError(`${done}, not ${listed(left)}: ${error.message}`, `${error.hint} Name those again then.`, {
    cause: error,
  });
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).map((name) => JSON.stringify(name));
  return names.length > NAMED ? `${shown.join(', ')} and ${names.length - NAMED} more` : shown.join(', ');
}
