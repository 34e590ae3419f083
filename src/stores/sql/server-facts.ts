import type { SqlContext } from './context.js';

import { plain } from './text.js';

export interface ServerFacts {
  /** `MariaDB`. */
  readonly software: string;
  readonly version: string;
  readonly isolation: string;
  readonly charset: string;
}

export async function serverFacts({ dialect, entries }: SqlContext): Promise<ServerFacts> {
  const { rows } = await entries.run(dialect.serverFacts);
  const version = plain(rows[0]!.version);
  const software = version.includes('MariaDB') ? 'MariaDB' : dialect.product;
  return { software, version, isolation: plain(rows[0]!.isolation), charset: plain(rows[0]!.charset) };
}
