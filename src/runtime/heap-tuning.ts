import { setFlagsFromString } from 'node:v8';

/**
 * Keep the young generation small in streaming commands: their objects die young, so a small space is enough, while V8
 * would let it grow to tens of megabytes.
 *
 * V8 flags apply to the whole process, so only the program sets them and never a store, which may run in an
 * application.
 */
export function limitYoungGeneration(): void {
  // The factor by which V8 lets it grow each time.
  setFlag('--semi-space-growth-factor=1', '--semi-space-growth-factor=2');
}

/**
 * Collect the old generation early. The MongoDB driver allocates so much per document that pages survive the young
 * generation, and V8 would let tens of megabytes pile up before its first old-generation collection. The trigger is in
 * percent.
 */
export function collectOldSpaceEarly(): void {
  setFlag('--incremental-marking-hard-trigger=40', '--incremental-marking-hard-trigger=0');
}

/** @param standard the same flag with V8's own value, which bin/load.js sets while it compiles */
function setFlag(flag: string, standard: string): void {
  setFlagsFromString(flag);
  const { [TUNED]: tuned } = globalThis as { [TUNED]?: unknown[] };
  tuned?.push({ flag, standard });
}

const TUNED = Symbol.for('cachectl.tunedFlags');
