import { isIPv6 } from 'node:net';

import type { Fail } from '../fields.js';

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** Parse `host`, `host:port` or `[IPv6]:port`. */
export function hostAndPort(text: string, defaultPort: number, fail: Fail): HostAndPort {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const port = digits === undefined ? defaultPort : Number(digits);
  const host = bracketed ?? plain;
  if (host === undefined || port < 1 || port > 65_535) {
    return fail('has a node that is not host:port', 'Write host:port, or [IPv6]:port; ports go from 1 to 65535.');
  }

  return { host: toHost(host, fail), port };
}

/** Parse the name or address of a host. */
export function toHost(text: string, fail: Fail): string {
  const host = text.replace(/^\[(.*)\]$/, '$1');
  if (host.includes('://')) fail('is a URL', 'Give the URL as url.');
  if (/[\s\p{Cc}/@?#\\,[\]]/u.test(host) || host === '')
    fail('is not the name or address of a host', 'Give a name such as cache.internal, or an IP address.');
  if (host.includes(':') && !isIPv6(host)) fail('contains a port', 'Give the port as port.');
  return host;
}
