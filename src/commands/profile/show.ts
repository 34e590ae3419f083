import * as Args from '@oclif/core/args';

import { settingColumns, type ShownSetting, shownSettings } from '../../features/profiles/settings.js';
import { locationOf, readWithoutSecrets } from '../../runtime/read-profile.js';
import { chooseProfile, selectedBy } from '../../runtime/select-profile.js';
import { StoreCommand } from '../../runtime/store-command.js';
import { itemJson, printList } from '../../terminal/list.js';
import { answerJson, note } from '../../terminal/output.js';

export default class ProfileShow extends StoreCommand {
  static override summary = 'Show the settings of a profile and where each one comes from.';
  static override description = `Prints every setting with its source: a line of the profile file, a variable of the environment, a file of a Laravel application, or the default. Passwords are masked. Connects to nothing and runs no passwordCommand.`;

  static override examples = [
    { description: 'Show the profile that is used if none is named', command: 'cachectl profile:show' },
    { description: 'Show another one', command: 'cachectl profile:show shop' },
    {
      description: 'Show what a Laravel application sets up',
      command: 'cachectl profile:show --laravel /var/www/shop',
    },
  ];

  static override args = {
    profile: Args.string({ description: 'Name of the profile.', ignoreStdin: true }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ProfileShow);
    const chosen = chooseProfile(args.profile === undefined ? flags : { ...flags, profile: args.profile });
    const { stated, profile } = await readWithoutSecrets(chosen);
    const settings = await shownSettings(stated, profile, { env: chosen.choice.env, urlBy: chosen.urlBy });
    const location = await locationOf(profile);
    const by = args.profile === undefined ? selectedBy(chosen, stated) : 'argument';
    if (flags.json) {
      await answerJson({
        profile: stated.name,
        location,
        file: stated.file,
        selectedBy: by,
        settings: settings.map((each) => ({ ...itemJson(each, settingColumns), variables: each.variables })),
      });
      return;
    }

    note(`profile ${stated.name} (${by}): ${location}`);
    await printList(each(settings), settingColumns, flags);
  }
}

async function* each(settings: readonly ShownSetting[]): AsyncGenerator<ShownSetting> {
  yield* settings;
}
