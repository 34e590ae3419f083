import * as Flags from '@oclif/core/flags';

import { checkUp } from '../features/doctor/checkup.js';
import { exitCodeOf, findingFields, summaryText } from '../features/doctor/report.js';
import { destructiveFlags } from '../runtime/flags.js';
import { interruptible } from '../runtime/interrupt.js';
import { chooseEach } from '../runtime/select-profile.js';
import { checkTimeout, StoreCommand } from '../runtime/store-command.js';
import { answer, answerJson, note } from '../terminal/output.js';

export default class Doctor extends StoreCommand {
  static override summary = 'Check a profile step by step and suggest fixes.';
  static override description = `Checks the profile file, the connection, permissions, the server settings, and whether keys and values match the profile. It writes a scratch entry, counter, tag and lock under the prefix and removes them again. A protected profile gets none without --yes --confirm NAME.

Exits 1 if a check fails, 2 if the profile is wrong, 3 if the store cannot be reached. Warnings do not count.`;

  static override examples = [
    { description: 'Check the default profile', command: 'cachectl doctor' },
    { description: 'Check every profile without writing', command: 'cachectl doctor --all-profiles --read-only' },
    { description: 'Create missing indexes', command: 'cachectl doctor --profile reports --fix' },
    {
      description: 'List faults in a script',
      command: `cachectl doctor --json | jq '.findings[] | select(.state == "fault")'`,
    },
  ];

  static override flags = {
    fix: Flags.boolean({ default: false, summary: 'Fix what is safe to fix, such as a missing index. Asks first.' }),
    'read-only': Flags.boolean({ default: false, summary: 'Write nothing, not even a scratch key.' }),
    'all-profiles': Flags.boolean({
      default: false,
      summary: 'Check every profile in the file.',
      exclusive: ['profile', 'url', 'laravel'],
    }),
    'latency-samples': Flags.integer({
      summary: 'Number of timed reads. 0 skips the check.',
      default: 50,
      min: 0,
      max: 100_000,
      helpValue: 'N',
    }),
    yes: destructiveFlags.yes,
    confirm: destructiveFlags.confirm,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Doctor);
    checkTimeout(flags);
    await interruptible(async ({ signal }) => {
      const documents = [];
      let exitCode = 0;
      for (const [index, chosen] of (await chooseEach(flags)).entries()) {
        if (index > 0 && !flags.json) await answer('\n');
        const { profile, findings } = await checkUp(chosen, flags, signal);
        exitCode = Math.max(exitCode, exitCodeOf(findings));
        if (!flags.json) note(summaryText(findings));
        documents.push({ profile, findings: findings.map((each) => findingFields(each)) });
      }

      if (flags.json) await answerJson(flags['all-profiles'] ? documents : documents[0]!);
      process.exitCode = exitCode;
    });
  }
}
