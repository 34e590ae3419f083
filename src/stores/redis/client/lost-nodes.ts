import { missingSlots } from './slot-map.js';

/**
 * Format the primaries that a cluster has lost and the slots that none claims, such as `it has lost 10.0.0.2:6379
 * (slots 5461-10922)`; empty if there are none.
 * @param reply of CLUSTER NODES: a line for each node, with eight fields before its slots
 */
export function lostNodes(reply: string): string {
  const nodes = reply.split('\n').map((line) => {
    const [, address = '', flags = '', ...rest] = line.split(' ');
    // Without migrations, such as `[93->-id]`.
    const slots = rest.slice(5).filter((each) => !each.startsWith('['));
    return { address: address.replace(/@.*/, ''), flags: flags.split(','), slots };
  });
  const lost = nodes.filter(({ flags, slots }) => slots.length > 0 && flags.some((flag) => /^fail\??$/.test(flag)));
  const missing = missingSlots(nodes.flatMap(({ slots }) => slots).map((range) => boundsOf(range)));
  return [
    ...(lost.length > 0 ? [`it has lost ${shortly(lost.map((node) => nodeText(node)))}`] : []),
    ...(missing === '' ? [] : [`no node has ${missing}`]),
  ].join('; ');
}

function boundsOf(range: string): { readonly first: number; readonly last: number } {
  const [first, last = first] = range.split('-').map(Number);
  return { first: first!, last: last! };
}

function nodeText({ address, slots }: { readonly address: string; readonly slots: readonly string[] }): string {
  return `${address} (slots ${shortly(slots)})`;
}

function shortly(texts: readonly string[]): string {
  return texts.length > 5 ? `${texts.slice(0, 5).join(', ')} and ${texts.length - 5} more` : texts.join(', ');
}
