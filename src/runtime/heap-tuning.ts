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
  setFlagsFromString('--semi-space-growth-factor=1');
}

/**
 * Collect the old generation early. The MongoDB driver allocates so much per document that pages survive the young
 * generation, and V8 would let tens of megabytes pile up before its first old-generation collection. The trigger is in
 * percent.
 */
export function collectOldSpaceEarly(): void {
  setFlagsFromString('--incremental-marking-hard-trigger=40');
}
