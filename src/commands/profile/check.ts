import * as Args from '@oclif/core/args';

import { ExitCode } from '../../errors.js';
import { checkColumns, type CheckedProfile, checkProfiles } from '../../features/profiles/check.js';
import { errorText } from '../../runtime/report-error.js';
import { StoreCommand } from '../../runtime/store-command.js';
import { printList } from '../../terminal/list.js';
import { warn } from '../../terminal/output.js';

export default class ProfileCheck extends StoreCommand {
  static override summary = 'Check profiles for mistakes, without connecting.';
  static override description = `Checks all profiles of the file, or the named ones. Variables of the environment must be set. Connects to nothing and runs no passwordCommand; doctor checks the connection. Exits 2 if a profile is wrong.`;

  static override examples = [
    { description: 'Check all profiles', command: 'cachectl profile:check' },
    { description: 'Check one in CI', command: 'cachectl profile:check production --config deploy/cachectl.yaml' },
  ];

  static override args = {
    profile: Args.string({ description: 'Names of profiles.', ignoreStdin: true, multiple: true }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ProfileCheck);
    const reported = async function* (): AsyncGenerator<CheckedProfile> {
      for await (const checked of checkProfiles(args.profile ?? [], flags)) {
        const { failure, warnings } = checked;
        if (failure !== undefined) process.exitCode = ExitCode.Usage;
        if (!flags.json) {
          for (const warning of warnings) warn(`warning: ${warning}`);
          if (failure !== undefined) process.stderr.write(errorText(failure));
        }

        yield checked;
      }
    };

    await printList(reported(), checkColumns, flags);
  }
}
