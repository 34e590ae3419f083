// Runs under the lock: `holder.mjs PORT FILE`. Reads a number from a file and asks the test to write the next one.
// The test keeps the history and refuses a stale fence.
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const [port, file] = process.argv.slice(2);
const { CACHECTL_LOCK_FENCE: fence, CACHECTL_LOCK_OWNER: owner } = process.env;
const socket = createConnection({ host: '127.0.0.1', port: Number(port) });
const answers = createInterface({ input: socket })[Symbol.asyncIterator]();

async function tell(line) {
  socket.write(`${line}\n`);
  const { value } = await answers.next();
  return value;
}

if ((await tell(`begin ${fence} ${owner}`)) === 'go') {
  const count = Number(readFileSync(file, 'utf8'));
  // Long enough that the waiters leave CPU time for the other tests.
  await sleep(150 + Math.random() * 200);
  await tell(`write ${fence} ${owner} ${count + 1}`);
}

await tell(`end ${fence} ${owner}`);
socket.end();
