import { stat } from 'node:fs/promises';

import { CachectlError } from '../../errors.js';
import { writtenTexts } from './read.js';

/** A file with passwords that other users can read. */
export interface Exposed {
  /** `0644` */
  readonly mode: string;
  /** Whether the file belongs to the user of this process. */
  readonly isOurs: boolean;
  readonly passwords: readonly LiteralPassword[];
}

/** A password in the text of a profile, not only the name of a variable. */
export interface LiteralPassword {
  readonly profile: string;
  /** `cachectl.yaml:5` */
  readonly where: string;
}

/**
 * The passwords in a profile file, of all its profiles, if other users can read it. Undefined otherwise, and for a file
 * that is not valid.
 * @param file absolute
 */
export async function exposedPasswords(file: string, cwd: string): Promise<Exposed | undefined> {
  const { mode, uid } = await stat(file);
  // On Windows, modes have no meaning.
  if (process.platform === 'win32' || (mode & 0o077) === 0) return undefined;
  const passwords: LiteralPassword[] = [];
  try {
    for (const { profile, key, text, where } of await writtenTexts({ file, cwd })) {
      if (isPassword(key, text)) passwords.push({ profile, where });
    }
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
  }

  if (passwords.length === 0) return undefined;
  return { mode: (mode & 0o777).toString(8).padStart(4, '0'), isOurs: process.getuid?.() === uid, passwords };
}

function isPassword(key: string, text: string): boolean {
  // What is left when the variables are empty.
  const literal = text.replaceAll(/(?<!\$)\$\{\w+(?::-([^}]*))?\}/g, (_, preset = '') => preset as string);
  return literal !== '' && ((SECRET_NAME.test(key) && key !== 'passwordCommand') || hasPassword(literal));
}

/** Whether a URL, or parameters of one, contain a password. */
export function hasPassword(url: string): boolean {
  // `locks=` holds an encoded URL.
  return [url, url.replaceAll(/%[\da-f]{2}/gi, decoded)].some(
    (text) => /:\/\/[^/?#]*:[^/?#]+@/.test(text) || SECRET_PARAMETER.test(text),
  );
}

const SECRET_NAME = /passw|pwd|secret|token/i;
const SECRET_PARAMETER = /(?:^|[?&])[^=&?#]*(?:passw|pwd|secret|token)[^=&?#]*=[^&#]/i;

function decoded(escape: string): string {
  return String.fromCodePoint(Number.parseInt(escape.slice(1), 16));
}
