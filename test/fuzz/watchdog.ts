import { Worker } from 'node:worker_threads';

/** Seconds without progress after which an input counts as one that never ends. A busy machine takes some. */
const LONGEST = 60;

/** Longer inputs are cut in the message. */
const BYTES = 2 ** 18;

/** The counter of started and ended work, then the length of its name. */
const state = new Int32Array(new SharedArrayBuffer(8));
const name = Buffer.from(new SharedArrayBuffer(BYTES));

/**
 * Run work that may never end. A loop would block every timer of this thread, so another thread prints the name of the
 * work, and ends the process.
 */
export async function watched<T>(title: string, work: () => Promise<T>): Promise<T> {
  watchdog ??= startWatchdog();
  Atomics.store(state, 1, name.write(title));
  Atomics.add(state, 0, 1);
  try {
    return await work();
  } finally {
    Atomics.add(state, 0, 1);
  }
}

let watchdog: undefined | Worker;

function startWatchdog(): Worker {
  const worker = new Worker(
    `const { workerData: { state, name, seconds } } = require('node:worker_threads');
    const { writeSync } = require('node:fs');
    let seen = -1;
    setInterval(() => {
      const count = Atomics.load(state, 0);
      // Even: no work in progress.
      if (count === seen && count % 2 === 1) {
        writeSync(2, 'no end after ' + seconds + ' s: ' + Buffer.from(name).toString('latin1', 0, state[1]) + '\\n');
        process.kill(process.pid, 'SIGKILL');
      }
      seen = count;
    }, seconds * 1000);`,
    { eval: true, execArgv: [], workerData: { state, name, seconds: LONGEST } },
  );
  worker.unref();
  return worker;
}
