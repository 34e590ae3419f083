import type { SqlContext } from './context.js';

import { plain } from './text.js';

export interface ServerFacts {
  /** `MariaDB`. */
  readonly software: string;
  readonly version: string;
  readonly isolation: string;
  readonly charset: string;
  /** The user as the server names it. */
  readonly account: string;
}

export async function serverFacts({ dialect, entries }: SqlContext): Promise<ServerFacts> {
  const { rows } = await entries.run(dialect.serverFacts);
  const { version, isolation, charset, account } = rows[0]!;
  const software = plain(version).includes('MariaDB') ? 'MariaDB' : dialect.product;
  return {
    software,
    version: plain(version),
    isolation: plain(isolation),
    charset: plain(charset),
    account: plain(account),
  };
}
