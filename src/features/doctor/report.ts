import type { Finding } from '../../stores/contract/store.js';

import { ExitCode } from '../../errors.js';
import { maskSecrets } from '../../profiles/mask.js';
import { answer, answersAPerson } from '../../terminal/output.js';
import { countOf } from '../../terminal/progress.js';
import { hanging } from '../../terminal/report.js';
import { styleAnswer } from '../../terminal/style.js';
import { forTerminal, lineField } from '../../terminal/value-text.js';

/** A finding, and whether it was fixed. */
export interface Examined {
  readonly finding: Finding;
  fixed: boolean;
}

/** 0 without faults, or if all were fixed. Warnings do not count. */
export function exitCodeOf(examined: readonly Examined[]): number {
  const faults = examined.filter(({ finding, fixed }) => finding.state === 'fault' && !fixed);
  return Math.max(ExitCode.Yes, ...faults.map(({ finding }) => finding.cause?.exitCode ?? ExitCode.No));
}

/** Print a finding on one line; at a terminal, the hint follows on the next. */
export async function printFinding(examined: Examined): Promise<void> {
  const { subject, hint, ...fields } = findingFields(examined);
  const message = examined.fixed ? fields.fix! : fields.message;
  const shown = shownState(examined);
  if (!answersAPerson()) {
    const line = [shown, subject, message, ...(hint !== undefined && !examined.fixed ? [hint] : [])];
    await answer(`${line.map((field) => lineField(field)).join('\t')}\n`);
    return;
  }

  const state = styleAnswer(COLOURS[shown], shown.padEnd(STATE - 1));
  const advice =
    hint === undefined || examined.fixed ? '' : `${' '.repeat(STATE)}${styleAnswer('dim', wrapped(hint))}\n`;
  await answer(`${state} ${wrapped(`${subject}: ${message}`)}\n${advice}`);
}

/** `2 faults, 1 warning, 14 checks passed`. */
export function summaryText(examined: readonly Examined[]): string {
  const number = (wanted: Shown): number => examined.filter((each) => shownState(each) === wanted).length;
  const parts = [
    [number('fault'), 'fault', 'faults'],
    [number('warning'), 'warning', 'warnings'],
    [number('fixed'), 'fix applied', 'fixes applied'],
    [number('skipped'), 'check skipped', 'checks skipped'],
    [number('ok'), 'check passed', 'checks passed'],
  ] as const;
  return parts.flatMap(([many, one, more]) => (many === 0 ? [] : [countOf(many, one, more)])).join(', ');
}

type Shown = 'fixed' | Finding['state'];

function shownState({ finding, fixed }: Examined): Shown {
  return fixed ? 'fixed' : finding.state;
}

/** Width of the state with the space after it. */
const STATE = 9;

const COLOURS = { ok: 'green', fixed: 'green', skipped: 'dim', warning: 'yellow', fault: 'red' } as const;

/** The members of a finding in `--json`, with secrets masked. */
export function findingFields({ finding, fixed }: Examined) {
  const { subject, state, message, hint, fix } = finding;
  return {
    subject,
    state,
    message: maskSecrets(message),
    hint: hint === undefined ? undefined : maskSecrets(hint),
    fix: fix?.effect,
    fixed,
  };
}

function wrapped(text: string): string {
  return hanging(forTerminal(Buffer.from(text)).replaceAll('\n', String.raw`\n`), STATE);
}
