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
  return text.replaceAll(/[a-z][a-z\d+.-]{0,30}:\/\/\S+/gi, (url) => {
    const [, page, anchor = ''] = /^(https?:[^#@]*)(#[\w.-]*)$/i.exec(url) ?? [];
    return page === undefined ? maskUrl(url) : maskUrl(page) + anchor;
  });
}

const MASK = '***';
const LOCKS_PARAMETER = /(?<=[?&]locks=)/;

function maskPart(part: string): string {
  const start = startOfAuthority(part);
  const at = part.lastIndexOf('@');
  if (at >= start) {
    const user = part.slice(start, at);
    return part.slice(0, start) + maskUser(user) + maskQuery(maskRest(part.slice(at), user));
  }

  const rest = part.slice(start);
  // Without slashes it is a path, or not a URL.
  return part.slice(0, start) + maskQuery(start === 0 ? maskWord(rest) : maskPort(rest));
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

/** What follows the last `@` belongs to a password if that is in a parameter: `?password=se@cret`. */
function maskRest(rest: string, before: string): string {
  const parameter = before.slice(Math.max(before.indexOf('?'), before.lastIndexOf('&')));
  return /^[?&]/.test(parameter) && isSecret(parameter.split('=', 1)[0]!) ? rest.replace(/^@[^&]*/, `@${MASK}`) : rest;
}

/** `redis://:secret` without `@host`. A password may contain what ends a port. */
function maskPort(rest: string): string {
  return rest.replace(/^([^/?#:[]*:)(?!\d{1,5}(?!\w)|\/)[^?#].*$/s, `$1${MASK}`);
}

/** `user:secret`. */
function maskWord(rest: string): string {
  return rest.replace(/^([^/?#:[]*:)(?!\d{1,5}(?!\w))[^/?#\s]+/, `$1${MASK}`);
}

/**
 * Mask parameters that sound secret or have no value, values with an encoded `@` (a URL, or a part of a password), and
 * everything after a `#`, which no URL of a server has.
 */
function maskQuery(rest: string): string {
  const mark = PATH.test(rest) ? -1 : rest.indexOf('#');
  const query = mark === -1 ? rest : rest.slice(0, mark);
  const shown = query
    .replaceAll(/[?&][^&\s]*/g, maskParameter)
    .replaceAll(/((?:^|[?&]locks=)[a-z\d+.-]+%3a%2f%2f)\S*%40/gi, `$1${MASK}%40`);
  if (mark === -1) return shown;
  return mark + 1 === rest.length ? `${shown}#` : `${shown}#${MASK}`;
}

/** Files need no password, and a name may contain any character. */
const PATH = /^(?:file|sqlite):/i;

function maskParameter(parameter: string): string {
  const equals = parameter.indexOf('=');
  if (equals === -1) return parameter.length === 1 ? parameter : parameter[0] + MASK;
  const name = parameter.slice(0, equals + 1);
  return isSecret(name) || (name !== '?locks=' && name !== '&locks=' && /%40/.test(parameter))
    ? name + MASK
    : parameter;
}

function isSecret(parameter: string): boolean {
  return /pass|pwd|secret|token|auth/i.test(parameter);
}
