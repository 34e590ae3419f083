import type { Fields, Folders } from './fields.js';

/** A profile's settings as its file, a URL or an application states them, each with its location; without defaults. */
export interface StatedProfile {
  readonly name: string;
  readonly fields: Fields;
  readonly folders: Folders;
  /** The profile file, absolute. Undefined: a URL, an application, or the built-in profile. */
  readonly file?: string;
  /** How the profile was chosen from its file. */
  readonly pickedBy?: 'default' | 'name' | 'only';
  /** The profile that exists without a file. */
  readonly isBuiltIn?: true;
}
