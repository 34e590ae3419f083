import type { Chosen } from '../../runtime/select-profile.js';
import type { Finding, Store } from '../../stores/contract/store.js';

import { CachectlError } from '../../errors.js';
import { askBeforeDestroying } from '../../runtime/confirm.js';
import { failed } from '../../stores/doctor/findings.js';
import { note } from '../../terminal/output.js';
import { type ExaminationFlags, examine } from './examination.js';
import { examineProfile } from './profile.js';
import { type Examined, printFinding } from './report.js';

export interface CheckupFlags extends ExaminationFlags {
  readonly fix: boolean;
  readonly json: boolean;
  /** Seconds. */
  readonly timeout: number;
}

export interface Checkup {
  /** Its name. Without a valid profile, the requested name. */
  readonly profile: string | undefined;
  readonly findings: readonly Examined[];
}

/**
 * Check one profile and, with `fix`, apply the fixes. Prints each finding at once, except with `json`.
 * @throws InterruptedError, and the errors of `askBeforeDestroying`
 */
export async function checkUp(chosen: Chosen, flags: CheckupFlags, signal: AbortSignal): Promise<Checkup> {
  const findings: Examined[] = [];
  const report = async (finding: Finding): Promise<void> => {
    const examined = { finding, fixed: false };
    findings.push(examined);
    if (!flags.json) await printFinding(examined);
  };

  const steps = examineProfile(chosen);
  let step = await steps.next();
  for (; !step.done; step = await steps.next()) await report(step.value);
  const profile = step.value;
  if (profile === undefined) return { profile: chosen.choice.profile, findings };

  const store = await opened(profile, Math.round(flags.timeout * 1000), report);
  if (store === undefined) return { profile: profile.name, findings };
  try {
    for await (const finding of examine(store, profile, flags, signal)) await report(finding);
    const fixable = findings.filter(({ finding }) => finding.fix !== undefined);
    if (flags.fix && fixable.length > 0) {
      const effect = fixable.map(({ finding }) => finding.fix!.effect).join(', ');
      const instead = 'remove --fix';
      await askBeforeDestroying({ store, profile, action: 'doctor', effect, instead }, flags);
      for (const each of fixable) await applyFix(each, flags, report);
    } else if (fixable.length > 0 && !flags.json) note('Run doctor --fix to repair what it can.');

    return { profile: profile.name, findings };
  } finally {
    await store.close();
  }
}

/** Open the store. Reports a failure and returns undefined. */
async function opened(
  profile: Parameters<typeof examine>[1],
  timeoutMs: number,
  report: (finding: Finding) => Promise<void>,
): Promise<Store | undefined> {
  const { openStore } = await import('../../stores/open.js');
  try {
    return await openStore(profile, { timeoutMs });
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    await report(failed('profile', error));
    return undefined;
  }
}

/** Apply a fix. Reports a failure, so that the next fix is tried. */
async function applyFix(
  each: Examined,
  { json }: CheckupFlags,
  report: (finding: Finding) => Promise<void>,
): Promise<void> {
  try {
    await each.finding.fix!.apply();
    each.fixed = true;
    if (!json) await printFinding(each);
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    await report(failed(each.finding.subject, error));
  }
}
