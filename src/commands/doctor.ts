import * as Flags from '@oclif/core/flags';

import { askBeforeDestroying } from '../cli/destructive.js';
import { examine, type Examined, exitCodeOf, findingFields, printFinding } from '../cli/findings.js';
import { destructiveFlags } from '../cli/flags.js';
import { answerJson, note } from '../cli/output.js';
import { StoreCommand } from '../cli/store-command.js';

export default class Doctor extends StoreCommand {
  static override summary = 'Check that a profile works, and how its server is set up.';
  static override description = `Changes nothing by itself. With --fix it puts right what can be put right safely, such as an index that is missing; it asks first, and without a terminal it takes --yes. Exits 1 when it finds a fault, 3 when the store cannot be reached; warnings are no fault.`;

  static override examples = [
    { description: 'Check the default profile', command: '<%= config.bin %> doctor' },
    { description: 'Create the indexes that are missing', command: '<%= config.bin %> doctor --profile reports --fix' },
  ];

  static override flags = {
    fix: Flags.boolean({ default: false, summary: 'Put right what can be; asks first.' }),
    yes: destructiveFlags.yes,
    confirm: destructiveFlags.confirm,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Doctor);
    await this.withStore(flags, async ({ store, profile }) => {
      const examined: Examined[] = [];
      for await (const finding of examine(store, profile)) {
        examined.push({ finding, fixed: false });
        if (!flags.json) await printFinding(examined.at(-1)!);
      }

      const fixable = examined.filter(({ finding }) => finding.fix);
      if (flags.fix && fixable.length > 0) {
        const effect = fixable.map(({ finding }) => finding.fix!.effect).join(', ');
        await askBeforeDestroying({ store, profile, action: 'doctor', effect }, flags);
        for (const each of fixable) {
          await each.finding.fix!.apply();
          each.fixed = true;
          if (!flags.json) await printFinding(each);
        }
      }

      if (flags.json)
        await answerJson({ profile: profile.name, findings: examined.map((each) => findingFields(each)) });
      else if (!flags.fix && fixable.length > 0) note('doctor --fix puts right what it can.');
      return exitCodeOf(examined);
    });
  }
}
