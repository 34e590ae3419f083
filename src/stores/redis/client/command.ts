import type { Redis } from 'ioredis';

/** A command name and its arguments. Strings are keys or text; buffers are sent unchanged. */
export type Command = readonly [name: string, ...args: ReadonlyArray<Buffer | number | string>];

/** A reply. Integers arrive as text, because they may exceed a JavaScript number. */
export type Reply = Buffer | null | readonly Reply[] | string;

/** What one connection to a server offers. */
export type Session = Pick<Node, 'batch' | 'call'>;

/** A server that holds keys: the only one, or one primary of a cluster. */
export interface Node {
  /** `host:port`; identifies the node within its cluster. */
  readonly id: string;
  /** `host:port` or socket path, for display. With Sentinel, the address of the current primary. */
  readonly address: string;
  call(...command: Command): Promise<Reply>;
  batch(commands: readonly Command[]): Promise<Array<Error | Reply>>;
  /** Open another connection to the same server, for subscriptions. The caller closes it. */
  dedicated(): Promise<Redis>;
  /** Run `work` on a connection of its own. Transactions need this, because WATCH applies to a whole connection. */
  exclusively<T>(work: (session: Session) => Promise<T>): Promise<T>;
}
