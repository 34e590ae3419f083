import type { Finding } from '../../stores/contract/store.js';

import { ExitCode } from '../../errors.js';
import { maskSecrets } from '../../profiles/mask.js';
import { answer, answersAPerson } from '../../terminal/output.js';
import { styleAnswer } from '../../terminal/style.js';
import { forTerminal, lineField } from '../../terminal/value-text.js';

/** A finding, and what became of it. */
export interface Examined {
  readonly finding: Finding;
  fixed: boolean;
}

/** 0 when all is well or was put right; warnings are no fault. */
export function exitCodeOf(examined: readonly Examined[]): number {
  const faults = examined.filter(({ finding, fixed }) => finding.state === 'fault' && !fixed);
  return Math.max(ExitCode.Yes, ...faults.map(({ finding }) => finding.cause?.exitCode ?? ExitCode.No));
}

/** One line, and for a person one more for the hint. */
export async function printFinding(examined: Examined): Promise<void> {
  const { subject, hint, ...fields } = findingFields(examined);
  const message = examined.fixed ? fields.fix! : fields.message;
  const shown = examined.fixed ? 'fixed' : examined.finding.state;
  if (!answersAPerson()) {
    const line = [shown, subject, message, ...(hint !== null && !examined.fixed ? [hint] : [])];
    await answer(`${line.map((field) => lineField(field)).join('\t')}\n`);
    return;
  }

  const advice = hint === null || examined.fixed ? '' : `${' '.repeat(9)}${styleAnswer('dim', plain(hint))}\n`;
  await answer(`${styleAnswer(COLOURS[shown], shown.padEnd(8))} ${plain(`${subject}: ${message}`)}\n${advice}`);
}

const COLOURS = { ok: 'green', fixed: 'green', skipped: 'dim', warning: 'yellow', fault: 'red' } as const;

/** The members of a finding in `--json`; no secret in them. */
export function findingFields({ finding, fixed }: Examined) {
  const { subject, state, message, hint, fix } = finding;
  return {
    subject,
    state,
    message: maskSecrets(message),
    hint: hint === undefined ? null : maskSecrets(hint),
    fix: fix?.effect ?? null,
    fixed,
  };
}

function plain(text: string): string {
  return forTerminal(Buffer.from(text)).replaceAll('\n', String.raw`\n`);
}
