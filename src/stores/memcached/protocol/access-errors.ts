import { RefusedError, UnsupportedError } from '../../../errors.js';
import { profileTlsTerms, requiresTls } from '../../network/errors.js';

export const TLS_TERMS = profileTlsTerms('memcached');

/** SASL is needed. */
export function wantsLogin(location: string): RefusedError {
  return new RefusedError(
    `${location} requires a user name and password (SASL)`,
    'Set username and password in the profile, or put them into the URL: memcached://user:password@host',
  );
}

/** Text authentication (`-Y`) is needed. */
export function wantsTextLogin(location: string): RefusedError {
  return new RefusedError(
    `${location} requires text authentication (-Y)`,
    'Set protocol: text, username and password in the profile, or use memcached://user:password@host?protocol=text',
  );
}

export function wrongLogin(location: string): RefusedError {
  return new RefusedError(
    `${location} refused the user name or password`,
    'Check username (with its realm if it has one: name@host) and password in the profile or URL.',
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
  return new RefusedError(requiresTls(location), TLS_TERMS.turnOn);
}

/** Started with `-B binary`. */
export function onlyBinary(location: string): RefusedError {
  return new RefusedError(
    `${location} speaks the binary protocol only`,
    'Set protocol: binary in the profile, or ?protocol=binary in the URL.',
  );
}

/** The profile implies the binary protocol by setting a user name without `protocol`. */
export function onlyText(location: string): RefusedError {
  return new RefusedError(
    `${location} does not speak the binary protocol, which SASL requires`,
    'Set protocol: text (with username and password for a server with -Y), or protocol: classic behind a proxy.',
  );
}

/** These protocols cannot set a value without changing its TTL. Only the server's own `incr` can, for plain digits. */
export function cannotCount(protocol: 'binary' | 'classic', location: string): UnsupportedError {
  return new UnsupportedError(
    `the memcached store cannot increment a number with a sign or spaces over the ${protocol} protocol (${location})`,
    'Memcached increments plain digits only. Compute the number and write it with put.',
  );
}

/** @param what a verb phrase: `report statistics` */
export function notByProxy(what: string, location: string): UnsupportedError {
  return new UnsupportedError(
    `${location} cannot ${what} over the classic protocol: a proxy does not forward it`,
    'Use a profile of the Memcached servers behind the proxy.',
  );
}
