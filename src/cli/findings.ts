import type { Profile } from '../profiles/profile.js';
import type { Finding, Store } from '../stores/contract.js';

import { ExitCode } from '../errors.js';
import { answer, answersAPerson } from './output.js';
import { toFailure } from './report-error.js';
import { styleAnswer } from './style.js';
import { forTerminal } from './value-text.js';

/** A finding, and what became of it. */
export interface Examined {
  readonly finding: Finding;
  fixed: boolean;
}

/** A fault that is an error, with the exit code that it stands for. */
export interface Failed extends Finding {
  readonly exitCode: number;
}

/** Looks at a profile from the ground up; ends at the first error, which is the last finding then. */
export async function* examine(store: Store, profile: Profile): AsyncGenerator<Failed | Finding> {
  yield { subject: 'profile', state: 'ok', message: `${profile.name}: ${store.location}${withPrefix(store)}` };
  try {
    const started = performance.now();
    await store.get(NO_KEY);
    const milliseconds = Math.max(1, Math.round(performance.now() - started));
    yield { subject: 'reading', state: 'ok', message: `answered within ${milliseconds} ms, connecting included` };
    if (store.diagnose) yield* store.diagnose();
  } catch (error) {
    const { message, hint, exitCode } = toFailure(error);
    yield { subject: 'store', state: 'fault', message, hint, exitCode } satisfies Failed;
  }
}

/** A key that nobody uses. */
const NO_KEY = 'cachectl:doctor';

function withPrefix({ prefix }: Store): string {
  return prefix === '' ? ', no prefix' : `, prefix ${prefix}`;
}

/** 0 when all is well or was put right; warnings are no fault. */
export function exitCodeOf(examined: readonly Examined[]): number {
  const faults = examined.filter(({ finding, fixed }) => finding.state === 'fault' && !fixed);
  return Math.max(
    ExitCode.Yes,
    ...faults.map(({ finding }) => ('exitCode' in finding ? (finding as Failed).exitCode : ExitCode.No)),
  );
}

/** One line, and one for the hint. */
export async function printFinding({ finding, fixed }: Examined): Promise<void> {
  const { subject, state, message, hint } = finding;
  const shown = fixed ? 'fixed' : state;
  if (!answersAPerson()) {
    await answer(`${[shown, subject, message, ...(hint && !fixed ? [hint] : [])].join('\t')}\n`);
    return;
  }

  const advice = hint && !fixed ? `${' '.repeat(9)}${styleAnswer('dim', hint)}\n` : '';
  await answer(
    `${styleAnswer(COLOURS[shown], shown.padEnd(8))} ${forTerminal(Buffer.from(`${subject}: ${message}`))}\n${advice}`,
  );
}

const COLOURS = { ok: 'green', fixed: 'green', warning: 'yellow', fault: 'red' } as const;

/** The members of a finding in `--json`. */
export function findingFields({ finding, fixed }: Examined) {
  const { subject, state, message, hint, fix } = finding;
  return { subject, state, message, hint: hint ?? null, fix: fix?.effect ?? null, fixed };
}
