import * as Flags from '@oclif/core/flags';

import { checkUp } from '../features/doctor/checkup.js';
import { exitCodeOf, findingFields } from '../features/doctor/report.js';
import { destructiveFlags } from '../runtime/flags.js';
import { interruptible } from '../runtime/interrupt.js';
import { chooseEach } from '../runtime/select-profile.js';
import { checkTimeout, StoreCommand } from '../runtime/store-command.js';
import { answer, answerJson } from '../terminal/output.js';

export default class Doctor extends StoreCommand {
  static override summary = 'Check a profile step by step, and say what to change.';
  static override description = `Goes from the ground up: the profile file, the name of the host, the connection, TLS, logging in, permissions, reading; then a scratch entry, counter, tag and lock, how the server is set up, whether the keys and values are what the profile says, and how long an answer takes. It ends at the first step that nothing can stand on.

Scratch keys lie under the profile's prefix and are taken away again, also on Ctrl-C. --read-only writes none; on a protected profile none is written without --yes --confirm NAME. Files, tables and collections that are not there are never made.

With --fix it puts right what can be put right safely, such as an index that is missing; it says what and asks first, and without a terminal it takes --yes. Exits 1 when it finds a fault, 2 when the profile is wrong, 3 when the store cannot be reached or refuses; warnings are no fault.`;

  static override examples = [
    { description: 'Check the default profile', command: '<%= config.bin %> doctor' },
    { description: 'Look only, at every profile of the file', command: '<%= config.bin %> doctor --all --read-only' },
    { description: 'Create the indexes that are missing', command: '<%= config.bin %> doctor --profile reports --fix' },
    {
      description: 'What is wrong, for a script',
      command: `<%= config.bin %> doctor --json | jq '.findings[] | select(.state == "fault")'`,
    },
  ];

  static override flags = {
    fix: Flags.boolean({ default: false, summary: 'Put right what can be; asks first.' }),
    'read-only': Flags.boolean({ default: false, summary: 'Write nothing, not even a scratch key.' }),
    all: Flags.boolean({
      default: false,
      summary: 'Check every profile of the file, one after the other.',
      exclusive: ['profile', 'url'],
    }),
    'latency-samples': Flags.integer({
      summary: 'How many reads are timed; 0 for none.',
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
        documents.push({ profile: profile ?? null, findings: findings.map((each) => findingFields(each)) });
      }

      if (flags.json) await answerJson(flags.all ? documents : documents[0]!);
      process.exitCode = exitCode;
    });
  }
}
