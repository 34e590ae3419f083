// The peer of `export`: print every key under a prefix with its value and TTL, one JSON document per line.
// node bench/scan-and-mget.mjs PORT PREFIX > FILE
import { Redis } from 'ioredis';
import { once } from 'node:events';

const [port, prefix] = process.argv.slice(2);
const redis = new Redis(Number(port));
let cursor = '0';
do {
  const [next, keys] = await redis.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', 1000);
  cursor = next;
  if (keys.length === 0) continue;
  const pipeline = redis.pipeline().mget(keys);
  for (const key of keys) pipeline.pttl(key);
  const [[, values], ...ttls] = await pipeline.exec();
  for (const [index, key] of keys.entries()) {
    const line = JSON.stringify({ key, value: values[index], ttl: ttls[index][1] });
    if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
  }
} while (cursor !== '0');

redis.disconnect();
