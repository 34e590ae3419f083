import { setFlagsFromString } from 'node:v8';

/**
 * Keep the young generation small in streaming commands: their objects die young, so a small space is enough, while V8
 * would let it grow to tens of megabytes.
 *
 * V8 flags apply to the whole process, so only the program sets this and never a store, which may run in an
 * application. No flag may limit the old generation: if a compiler thread of V8 finds it full while Node ends the
 * process, each waits for the other for ever (nodejs/node#54918).
 */
export function limitYoungGeneration(): void {
  setFlagsFromString(`${FLAG}1`);
  const { [TUNED]: tuned } = globalThis as { [TUNED]?: Record<string, string> };
  if (tuned) Object.assign(tuned, { tuned: `${FLAG}1`, standard: `${FLAG}2` });
}

/** The factor by which V8 lets it grow each time. */
const FLAG = '--semi-space-growth-factor=';

/** bin/load.js sets V8's own value while it compiles. */
const TUNED = Symbol.for('cachectl.tunedFlag');
