import { setFlagsFromString } from 'node:v8';

/**
 * V8's flags hold for the whole process, so only the program sets them: never a store, which may live in somebody's
 * application.
 *
 * For what streams at any size: what it makes is garbage soon, so that it does as well in the little space for young objects
 * that V8 begins with. Left to itself that grows to tens of megabytes as soon as many of them have lived through a collection.
 */
export function keepYoungSpaceSmall(): void {
  // By how much it grows each time; V8 asks for this whenever it could.
  setFlagsFromString('--semi-space-growth-factor=1');
}

/**
 * The MongoDB driver makes so much of each document that pages of them outlive young space. V8 would let tens of megabytes
 * of them lie before it collects what is old for the first time; so it does at a smaller share of them, in percent.
 */
export function collectOldSpaceEarly(): void {
  setFlagsFromString('--incremental-marking-hard-trigger=40');
}
