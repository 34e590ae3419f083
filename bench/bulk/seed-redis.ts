import type { Redis } from 'ioredis';

/** Entries per script. It may block the server, which has no other clients. */
const CHUNK = 50_000;

/** A node of a cluster refuses the keys of other nodes, so that each node stores its own. */
const ENTRIES = `for at = tonumber(ARGV[2]), tonumber(ARGV[3]) do
  redis.pcall('SET', ARGV[1] .. 'users:' .. at .. ':profile', 's:24:"value of the user ' .. string.format('%06d', at % 1000000) .. '";', 'EX', '86400')
end`;

/** The layout of Laravel 10 and later: a sorted set lists the keys without the prefix. */
const TAGGED = `for at = tonumber(ARGV[2]), tonumber(ARGV[3]) do
  local member = ARGV[4] .. ':users:' .. at
  redis.pcall('SET', ARGV[1] .. member, 's:24:"value of the user ' .. string.format('%06d', at % 1000000) .. '";', 'EX', '86400')
  redis.pcall('ZADD', ARGV[1] .. ARGV[5], ARGV[6], member)
end`;

/** Store that many entries under the prefix. */
export async function seedEntries(client: Redis, prefix: string, entries: number): Promise<void> {
  for (let first = 0; first < entries; first += CHUNK) {
    await client.eval(ENTRIES, 0, prefix, first, Math.min(first + CHUNK, entries) - 1);
  }
}

/**
 * Store that many entries with one tag.
 * @param head the hash in front of their keys
 * @param set the tag's set, without prefix
 */
export async function seedTagged(
  client: Redis,
  { prefix, head, set, entries }: { prefix: string; head: string; set: string; entries: number },
): Promise<void> {
  const expiry = Math.floor(Date.now() / 1000) + 86_400;
  for (let first = 0; first < entries; first += CHUNK) {
    await client.eval(TAGGED, 0, prefix, first, Math.min(first + CHUNK, entries) - 1, head, set, expiry);
  }
}
