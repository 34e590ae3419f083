import { SLOTS } from './key-slot.js';

/** CLUSTER SLOTS: first, last, then the primary and its replicas as `[host, port, id, [name, value, …]]`. */
export type SlotReply = ReadonlyArray<readonly [first: number, last: number, ...nodes: SlotNode[]]>;

type SlotNode = readonly [host: null | string, port: number, ...rest: ReadonlyArray<readonly string[] | string>];

export interface SlotRange {
  readonly first: number;
  readonly last: number;
  /** `host:port`. */
  readonly primary: string;
}

/**
 * Fill in the host of nodes that announce none. Redis documents that it is the host that was asked. A node that should
 * announce a host name but has none sends `?`, and its address in the metadata.
 */
export function withHosts(
  reply: SlotReply,
  asked: string,
): { readonly hosted: SlotReply; readonly isHostless: boolean } {
  let isHostless = false;
  const hosted = reply.map(([first, last, ...nodes]) => {
    const filled = nodes.map((node): SlotNode => {
      const [host, ...rest] = node;
      if (host !== null && host !== '' && host !== '?') return node;
      const known = host === '?' ? addressIn(rest) : undefined;
      isHostless ||= known === undefined;
      return [known ?? asked, ...rest];
    });
    return [first, last, ...filled] as const;
  });
  return { hosted, isHostless };
}

export function slotRanges(reply: SlotReply): readonly SlotRange[] {
  return reply.flatMap(([first, last, primary]) => {
    if (primary === undefined) return [];
    const [host, port] = primary;
    return [{ first: Number(first), last: Number(last), primary: `${host ?? ''}:${port}` }];
  });
}

/** Format missing slots, such as `slots 5461-10922, 12000`; empty if none is missing. */
export function missingSlots(ranges: ReadonlyArray<Pick<SlotRange, 'first' | 'last'>>): string {
  const missing: string[] = [];
  let next = 0;
  for (const { first, last } of [...ranges].sort((a, b) => a.first - b.first)) {
    if (first > next) missing.push(rangeText(next, first - 1));
    next = Math.max(next, last + 1);
  }

  if (next < SLOTS) missing.push(rangeText(next, SLOTS - 1));
  if (missing.length === 0) return '';
  const shown = missing.length > 5 ? [...missing.slice(0, 5), `${missing.length - 5} more ranges`] : missing;
  return `slot${missing.length === 1 && !missing[0]!.includes('-') ? '' : 's'} ${shown.join(', ')}`;
}

/** Add the host to a redirection that has only a port: `MOVED 3999 :6381`. */
export function withRedirectedHost(error: Error, host: string): Error {
  error.message = error.message.replace(/^(MOVED|ASK) (\d+) \??:(\d+)/, `$1 $2 ${host}:$3`);
  return error;
}

function addressIn(rest: readonly unknown[]): string | undefined {
  const metadata = rest.at(-1);
  if (!Array.isArray(metadata)) return undefined;
  const at = metadata.indexOf('ip');
  const address: unknown = at === -1 ? undefined : metadata[at + 1];
  return typeof address === 'string' && address !== '' ? address : undefined;
}

function rangeText(first: number, last: number): string {
  return first === last ? String(first) : `${first}-${last}`;
}
