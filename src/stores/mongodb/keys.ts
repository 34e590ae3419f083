/** A condition on `_id`: strings that begin with `prefix`, with `last` only those after it. */
export function idsUnder(prefix: string, last?: string): Readonly<Record<string, string>> {
  const from = last === undefined ? { $gte: prefix } : { $gt: last };
  const bound = upperBound(prefix);
  return bound === undefined ? from : { ...from, $lt: bound };
}

/**
 * A condition on `_id`: tagged entries under the prefix. The hash of the tag names directly follows the prefix, so it
 * never matches entries of another prefix, even if prefix and key together read the same.
 */
export function taggedIdsUnder(prefix: string): Readonly<Record<string, string>> {
  return { ...idsUnder(prefix), $regex: `^${literally(prefix)}[0-9a-f]{40}:` };
}

/** A condition on `_id`: the mutexes of Laravel's scheduler, which are stored among the entries. */
export function mutexIdsUnder(prefix: string): Readonly<Record<string, string>> {
  return {
    ...idsUnder(`${prefix}framework`),
    $regex: String.raw`^${literally(prefix)}framework[/\\]schedule-[0-9a-f]{40}`,
  };
}

function literally(prefix: string): string {
  return prefix.replaceAll(/[$()*+./?[\\\]^{|}-]/g, String.raw`\$&`);
}

/** The smallest text greater than every text that begins with `prefix`. Undefined if there is none. */
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
