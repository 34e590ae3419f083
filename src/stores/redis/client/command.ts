import type { Redis } from 'ioredis';

/** A command name and its arguments. Strings are keys or texts; bytes are sent as they are. */
export type Command = readonly [name: string, ...args: ReadonlyArray<Buffer | number | string>];

/** A server's answer. Integers arrive as text, since they may exceed what a JavaScript number holds. */
export type Reply = Buffer | null | readonly Reply[] | string;

/** What a single connection to a server can be asked. */
export type Session = Pick<Node, 'batch' | 'call'>;

/** One server that holds keys: the only one, or one primary of a cluster. */
export interface Node {
  /** `host:port`; identifies the node within its cluster. */
  readonly id: string;
  /** `host:port`, or the path of a socket, for display. Behind sentinels, the address of the primary they named. */
  readonly address: string;
  call(...command: Command): Promise<Reply>;
  batch(commands: readonly Command[]): Promise<Array<Error | Reply>>;
  /** Open another connection to the same server, for subscriptions. The caller disconnects it. */
  dedicated(): Promise<Redis>;
  /** Run `work` on a connection of its own, as transactions need: WATCH covers a whole connection. */
  exclusively<T>(work: (session: Session) => Promise<T>): Promise<T>;
}
