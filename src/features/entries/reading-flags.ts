import * as Flags from '@oclif/core/flags';

/** How an entry that was read is printed: what `ReadingFormat` takes, beside --json. */
export const readingFlags = {
  default: Flags.string({
    summary: 'Printed for a miss, which then is no failure.',
    helpValue: 'VALUE',
    exclusive: ['json'],
  }),
  raw: Flags.boolean({
    default: false,
    summary: 'Print the stored bytes of one key, exactly.',
    exclusive: ['json', 'default'],
  }),
  'no-newline': Flags.boolean({
    default: false,
    char: 'n',
    summary: 'Print the value of one key and nothing after it, binary values included.',
    exclusive: ['json', 'raw'],
  }),
};
