import type { Command, Reply } from './command.js';

/**
 * Checks a reply against the type that Redis documents for the command. Something else in front of the server, or in
 * its place, may answer anything: an unchecked `:1` would be the end of a scan, and any answer a value that was stored.
 * A script's reply is checked by its caller.
 * @throws Error that begins with `Unexpected reply`
 */
export function checkReply(command: Command, reply: Reply): Reply {
  const [name, sub] = command;
  const isExpected = EXPECTED[name] ?? EXPECTED[`${name} ${String(sub)}`];
  if (isExpected === undefined || isExpected(reply, command) || isText(reply, 'QUEUED')) return reply;
  throw new Error(`Unexpected reply to ${name}`);
}

type Check = (reply: Reply, command: Command) => boolean;

/** Integers arrive as text, everything else that is one string as bytes. */
const isInteger: Check = (reply) => typeof reply === 'string';
const isBulk: Check = (reply) => Buffer.isBuffer(reply);
const isList: Check = (reply) => Array.isArray(reply);
const isOk: Check = (reply) => isText(reply, 'OK');
/** Null says that the condition was not met. */
const isSet: Check = (reply, command) => isText(reply, 'OK') || (reply === null && command.includes('NX'));
const isPage: Check = (reply) =>
  isReplies(reply) && reply.length === 2 && Buffer.isBuffer(reply[0]) && Array.isArray(reply[1]);
const isInfo: Check = (reply) => Buffer.isBuffer(reply) && reply.includes(':');

function orNothing(check: Check): Check {
  return (reply, command) => reply === null || check(reply, command);
}

function isReplies(reply: Reply): reply is readonly Reply[] {
  return Array.isArray(reply);
}

function isText(reply: Reply, text: string): boolean {
  return Buffer.isBuffer(reply) && reply.length === text.length && reply.toString('latin1') === text;
}

const EXPECTED: Readonly<Record<string, Check>> = {
  'CLIENT LIST': isBulk,
  'CLUSTER COUNTKEYSINSLOT': isInteger,
  'CLUSTER KEYSLOT': isInteger,
  'CLUSTER NODES': isBulk,
  'CLUSTER SLOTS': isList,
  'CONFIG GET': isList,
  'MEMORY USAGE': orNothing(isInteger),
  DBSIZE: isInteger,
  DEL: isInteger,
  ECHO: isBulk,
  EXEC: orNothing(isList),
  EXISTS: isInteger,
  EXPIRE: isInteger,
  FLUSHDB: isOk,
  GET: orNothing(isBulk),
  GETDEL: orNothing(isBulk),
  GETRANGE: isBulk,
  INCRBY: isInteger,
  INFO: isInfo,
  MULTI: isOk,
  PERSIST: isInteger,
  PEXPIRE: isInteger,
  PTTL: isInteger,
  SCAN: isPage,
  SET: isSet,
  STRLEN: isInteger,
  TIME: (reply) => isReplies(reply) && reply.length === 2 && reply.every((part) => Buffer.isBuffer(part)),
  TYPE: isBulk,
  UNLINK: isInteger,
  WATCH: isOk,
  ZADD: isInteger,
  ZCARD: isInteger,
  ZCOUNT: isInteger,
  ZRANGE: isList,
  ZRANGEBYSCORE: isList,
  ZREM: isInteger,
  ZREMRANGEBYRANK: isInteger,
  ZREMRANGEBYSCORE: isInteger,
  ZSCAN: isPage,
  ZSCORE: orNothing(isBulk),
};
