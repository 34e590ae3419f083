import * as Args from '@oclif/core/args';

import { SCRIPTS, type Shell, SHELLS } from '../features/completion/scripts.js';
import { StoreCommand } from '../runtime/store-command.js';
import { answer } from '../terminal/output.js';

export default class Completion extends StoreCommand {
  static override baseFlags = {} as never;
  static override summary = 'Print the completion script of a shell.';
  static override description = `Completes commands, flags and their values, profiles, and the names of keys, tags and locks in the store. The store has 200 ms to answer; CACHECTL_COMPLETION_MS changes that.`;

  static override examples = [
    {
      description: 'bash, with the package bash-completion',
      command: 'cachectl completion bash > ~/.local/share/bash-completion/completions/cachectl',
    },
    { description: 'bash, in ~/.bashrc', command: 'eval "$(cachectl completion bash)"' },
    { description: 'zsh, in a folder of $fpath', command: 'cachectl completion zsh > ~/.zfunc/_cachectl' },
    { description: 'zsh, in ~/.zshrc after compinit', command: 'eval "$(cachectl completion zsh)"' },
    { description: 'fish', command: 'cachectl completion fish > ~/.config/fish/completions/cachectl.fish' },
  ];

  static override args = {
    shell: Args.string({ options: [...SHELLS], required: true, description: 'One of bash, zsh and fish.' }),
  };

  async run(): Promise<void> {
    const { args } = await this.parse(Completion);
    await answer(SCRIPTS[args.shell as Shell]);
  }
}
