import { RefusedError, UnsupportedError } from '../../../errors.js';

/** SASL is needed. */
export function wantsLogin(location: string): RefusedError {
  return new RefusedError(
    `${location} requires a user name and password (SASL)`,
    'Put username and password into the profile, or into the URL (memcached://user:password@host).',
  );
}

/** Text authentication (`-Y`) is needed. */
export function wantsTextLogin(location: string): RefusedError {
  return new RefusedError(
    `${location} requires text authentication (-Y)`,
    'Set protocol: text, username and password in the profile, or memcached://user:password@host?protocol=text.',
  );
}

export function wrongLogin(location: string): RefusedError {
  return new RefusedError(
    `${location} refused the user name or password`,
    'Check username (with its realm, as in name@host, where there is one) and password in the profile or URL.',
  );
}

/** Asked for by one who has logged in. */
export function notAllowed(location: string): RefusedError {
  return new RefusedError(
    `${location} does not allow that`,
    'Emptying it at once can be switched off (-F): forget keys by their names, or flush tags.',
  );
}

/** A proxy such as twemproxy or mcrouter. */
export function noMetaCommands(location: string): RefusedError {
  return new RefusedError(
    `${location} does not support meta commands: it is a proxy such as twemproxy or mcrouter`,
    'Set protocol: classic in the profile, or ?protocol=classic in the URL; or connect to the Memcached servers themselves.',
  );
}

export function onlyTls(location: string): RefusedError {
  return new RefusedError(
    `${location} speaks TLS, and the profile does not`,
    'Write memcacheds:// in the URL, or tls: true in the profile.',
  );
}

/** Started with `-B binary`. */
export function onlyBinary(location: string): RefusedError {
  return new RefusedError(
    `${location} speaks the binary protocol only`,
    'Set protocol: binary in the profile, or ?protocol=binary in the URL.',
  );
}

/** Asked by the binary protocol, which a user name asks for where the profile does not say otherwise. */
export function onlyText(location: string): RefusedError {
  return new RefusedError(
    `${location} does not speak the binary protocol, which SASL needs`,
    'Set protocol: text (with username and password for a server with -Y), or protocol: classic behind a proxy.',
  );
}

/** What a proxy does not pass on, by its verb: «tell statistics». */
export function notByProxy(what: string, location: string): UnsupportedError {
  return new UnsupportedError(
    `${location} cannot ${what} by the classic protocol: a proxy does not pass that on`,
    'Use a profile of the Memcached servers behind the proxy.',
  );
}
