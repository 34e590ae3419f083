import type { SqlConnection } from '../../profiles/profile.js';

import { endpointText } from '../network/endpoint.js';

/** `mysql db:3306, database app`. */
export function locationOf(driver: string, { host, port, socket, database }: SqlConnection): string {
  const endpoint = socket === undefined ? { host, port } : { socket };
  return `${driver} ${endpointText(endpoint)}, database ${database}`;
}
