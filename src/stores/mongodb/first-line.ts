import { maskSecrets } from '../../profiles/mask.js';

/** The first line of what a library says, without what nobody may see and without the full stop. */
export function words(error: Error): string {
  return maskSecrets(error.message.split('\n', 1)[0]!).replace(/\.$/, '');
}
