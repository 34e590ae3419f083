/** A condition on `_id`: the strings that begin with `prefix`; with `last`, those of them that come after it. */
export function idsUnder(prefix: string, last?: string): Readonly<Record<string, string>> {
  const from = last === undefined ? { $gte: prefix } : { $gt: last };
  const bound = upperBound(prefix);
  return bound === undefined ? from : { ...from, $lt: bound };
}

/**
 * A condition on `_id`: tagged entries under the prefix. The hash of the tags' names comes right after the prefix, so
 * entries of other prefixes are never met, even where prefix and name together read the same.
 */
export function taggedIdsUnder(prefix: string): Readonly<Record<string, string>> {
  return { ...idsUnder(prefix), $regex: `^${literally(prefix)}[0-9a-f]{40}:` };
}

/** A condition on `_id`: schedulers' mutexes under the prefix, which lie among the entries. */
export function mutexIdsUnder(prefix: string): Readonly<Record<string, string>> {
  return {
    ...idsUnder(`${prefix}framework`),
    $regex: String.raw`^${literally(prefix)}framework[/\\]schedule-[0-9a-f]{40}`,
  };
}

function literally(prefix: string): string {
  return prefix.replaceAll(/[$()*+./?[\\\]^{|}-]/g, String.raw`\$&`);
}

/** The least text that is greater than all that begins with `prefix`; undefined when there is none. */
function upperBound(prefix: string): string | undefined {
  const characters = [...prefix];
  for (let last = characters.pop(); last !== undefined; last = characters.pop()) {
    const next = last.codePointAt(0)! + 1;
    if (next <= 0x10_ff_ff) return characters.join('') + String.fromCodePoint(isSurrogate(next) ? 0xe0_00 : next);
  }

  return undefined;
}

function isSurrogate(codePoint: number): boolean {
  return codePoint >= 0xd8_00 && codePoint < 0xe0_00;
}
