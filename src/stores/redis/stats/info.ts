import type { Command, Node } from '../client/command.js';

import { isUnavailable } from '../errors.js';

/** The fields of INFO. Undefined if INFO is refused. */
export async function infoOf(node: Node): Promise<ReadonlyMap<string, string> | undefined> {
  const text = await unlessForbidden(node, ['INFO']);
  if (text === undefined) return undefined;
  return new Map(
    String(text)
      .split('\r\n')
      .filter((line) => line.includes(':'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
}

/** A setting. Undefined if CONFIG is forbidden, as with most providers, or the setting does not exist. */
export async function configOf(node: Node, name: string): Promise<string | undefined> {
  const reply = await unlessForbidden(node, ['CONFIG', 'GET', name]);
  const value = Array.isArray(reply) ? (reply[1] as Buffer | undefined) : undefined;
  return value === undefined ? undefined : String(value);
}

async function unlessForbidden(node: Node, command: Command): Promise<unknown> {
  try {
    return await node.call(...command);
  } catch (error) {
    if (isUnavailable(error)) return undefined;
    throw error;
  }
}
