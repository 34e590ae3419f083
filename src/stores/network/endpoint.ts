/** A server's address: host and port, or the path of a Unix socket. */
export type Endpoint = { readonly host: string; readonly port: number } | { readonly socket: string };

/** `cache.internal:6379`, `[::1]:6379`, `/run/redis.sock`. */
export function endpointText(endpoint: Endpoint): string {
  if ('socket' in endpoint) return endpoint.socket;
  const { host, port } = endpoint;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
