import { maskSecrets } from '../../profiles/mask.js';

/** The first line of a library's message, masked and without its full stop. */
export function firstLineOf(error: Error): string {
  return maskSecrets(error.message.split('\n', 1)[0]!).replace(/\.$/, '');
}
