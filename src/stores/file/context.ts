import type { Codec } from '../../codecs/codec.js';
import type { FileProfile } from '../../profiles/profile.js';
import type { Folder } from './folder.js';

/** The state that the parts of a file store share. */
export interface FileContext {
  readonly folder: Folder;
  /** The same as `folder`, unless locks have a folder of their own. */
  readonly lockFolder: Folder;
  readonly profile: FileProfile;
  readonly codec: Codec;
  readonly prefix: string;
}
