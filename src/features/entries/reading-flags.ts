import * as Flags from '@oclif/core/flags';

/** For commands that print values; see `ReadingFormat`. */
export const readingFlags = {
  default: Flags.string({
    summary: 'On a miss, print VALUE and exit 0.',
    helpValue: 'VALUE',
    exclusive: ['json'],
  }),
  raw: Flags.boolean({
    default: false,
    summary: 'Print the stored bytes of one key, undecoded.',
    exclusive: ['json', 'default'],
  }),
  'no-newline': Flags.boolean({
    default: false,
    char: 'n',
    summary: 'Print the value of one key without a trailing newline.',
    exclusive: ['json', 'raw'],
  }),
};
