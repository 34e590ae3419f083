import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import path from 'node:path';

import type { InitFlags } from '../../features/profiles/init/init.js';

import { UsageError } from '../../errors.js';
import { checkTimeout, StoreCommand } from '../../runtime/store-command.js';
import { answer, answerJson, note, warn } from '../../terminal/output.js';

export default class ProfileInit extends StoreCommand {
  static override summary = 'Create a profile in cachectl.yaml.';
  static override description = `Asks at a terminal for settings that no flag gives. Tests the connection, recognizes prefixes from the keys in the store, and writes the profile with comments. Passwords stay out of the file: it names the variable of the environment that holds each. A new file is readable by you only; in an existing one, everything else stays as it is.`;

  static override examples = [
    { description: 'Answer a few questions', command: 'cachectl profile:init' },
    {
      description: 'Take the settings of a Laravel application',
      command: 'cachectl profile:init shop --from-laravel .',
    },
    { description: 'In a script', command: 'cachectl profile:init shop --url redis://10.0.0.5/1 --prefix shop-cache-' },
  ];

  static override args = {
    name: Args.string({ description: 'Name of the profile. Default: the name of the folder.', ignoreStdin: true }),
  };

  static override flags = {
    driver: Flags.option({
      options: ['redis', 'memcached', 'mongodb', 'sqlite', 'mysql', 'postgres', 'file'] as const,
    })({
      summary: 'Store to use; without --url, at its usual local address.',
      exclusive: ['url', 'from-laravel', 'laravel'],
    }),
    'from-laravel': Flags.string({
      summary: 'Take the settings of the Laravel application in this folder.',
      helpValue: 'DIR',
      exclusive: ['url', 'laravel'],
    }),
    prefix: Flags.string({ summary: "What the application's cache prepends to every key.", helpValue: 'TEXT' }),
    'connection-prefix': Flags.string({
      summary: "What the application's Redis client prepends to every key.",
      helpValue: 'TEXT',
    }),
    'lock-database': Flags.integer({ summary: 'Redis database of locks, if it is another.', min: 0, helpValue: 'N' }),
    protected: Flags.boolean({ default: false, summary: 'Destructive commands will ask for the name.' }),
    offline: Flags.boolean({ default: false, summary: 'Do not connect.' }),
    force: Flags.boolean({ default: false, summary: 'Replace a profile of the same name.' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ProfileInit);
    checkTimeout(flags);
    const { isName } = await import('../../features/profiles/init/questions.js');
    if (args.name !== undefined && !isName(args.name)) {
      throw new UsageError(
        `${JSON.stringify(args.name)} cannot be the name of a profile`,
        'Use letters, digits, dots, underscores and hyphens.',
      );
    }

    const { initProfile } = await import('../../features/profiles/init/init.js');
    const { file, profile, change, variables } = await initProfile(args.name, flags as InitFlags);
    if (flags.json) return answerJson({ file, profile, change, variables });
    await answer(
      `${change} profile ${profile} ${change === 'added' ? 'to' : 'in'} ${path.relative('', file) || file}\n`,
    );
    if (variables.length > 0) warn(`Set ${variables.join(', ')} in the environment: the file holds no passwords.`);
    note(`Next: cachectl doctor -p ${profile}, cachectl keys -p ${profile}, cachectl profile:show ${profile}`);
  }
}
