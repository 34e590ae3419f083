import { listProfiles, profileColumns } from '../../features/profiles/list.js';
import { chooseProfile } from '../../runtime/select-profile.js';
import { StoreCommand } from '../../runtime/store-command.js';
import { printList } from '../../terminal/list.js';
import { warn } from '../../terminal/output.js';

export default class ProfileList extends StoreCommand {
  static override summary = 'List the profiles of the profile file.';
  static override description = `Shows where each store is, and which profile is used if none is named. Connects to nothing.`;

  static override examples = [
    { description: 'List all profiles', command: 'cachectl profile:list' },
    { description: 'Print their names in a script', command: `cachectl profile:list --json | jq -r '.[].name'` },
  ];

  async run(): Promise<void> {
    const { flags } = await this.parse(ProfileList);
    const { urlBy } = chooseProfile(flags);
    if (urlBy !== undefined) warn(`${urlBy} selects a store without a profile`);
    await printList(listProfiles(flags), profileColumns, flags);
  }
}
