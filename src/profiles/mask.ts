/**
 * Mask a URL for output: `redis://user:***@host/1`. When in doubt, it hides too much. Everything before the last `@`
 * counts as user and password, since a password may contain `/`, `?`, `#` or `@` unencoded.
 */
export function maskUrl(url: string): string {
  // `locks=` holds a URL with its own password.
  return url
    .split(LOCKS_PARAMETER)
    .map((part) => maskPart(part))
    .join('');
}

/** Mask every URL in a text. A URL ends at white space. */
export function maskSecrets(text: string): string {
  return text.replaceAll(/[a-z][a-z\d+.-]{0,30}:\/\/\S+/gi, (url) => maskUrl(url));
}

const MASK = '***';
const LOCKS_PARAMETER = /(?<=[?&]locks=)/;

function maskPart(part: string): string {
  const start = startOfAuthority(part);
  const at = part.lastIndexOf('@');
  if (at >= start) return part.slice(0, start) + maskUser(part.slice(start, at)) + maskQuery(part.slice(at));
  return part.slice(0, start) + maskQuery(maskPort(part.slice(start)));
}

function startOfAuthority(part: string): number {
  const slashes = part.indexOf('://');
  return slashes === -1 ? 0 : slashes + 3;
}

/** The name before the colon is no secret. A name alone may be a password in the wrong place. */
function maskUser(user: string): string {
  const name = /^([\w.-]*):/.exec(user)?.[1];
  return name === undefined ? MASK : `${name}:${MASK}`;
}

/** `redis://:secret` without `@host`. */
function maskPort(rest: string): string {
  return rest.replace(/^([^/?#:[]*:)(?!\d{1,5}(?!\w)|\/\/)[^/?#\s]+/, `$1${MASK}`);
}

/** Mask parameters that sound secret, and values with an encoded `@`: a URL, or a part of a password. */
function maskQuery(rest: string): string {
  return rest
    .replaceAll(/([?&][^=&#\s]*(?:pass|pwd|secret|token|auth)[^=&#\s]*=)[^&#\s]+/gi, `$1${MASK}`)
    .replaceAll(/([?&](?!locks=)[^=&#\s]*=)[^&#\s]*%40[^&#\s]*/gi, `$1${MASK}`)
    .replaceAll(/((?:^|[?&]locks=)[a-z\d+.-]+%3a%2f%2f)\S*%40/gi, `$1${MASK}%40`);
}
