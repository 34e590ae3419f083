import { setFlagsFromString } from 'node:v8';

/**
 * For what streams at any size: what it makes is garbage soon, so that it does as well in the little space for young objects
 * that V8 begins with. Left to itself that grows to tens of megabytes as soon as many of them have lived through a collection.
 */
export function keepYoungSpaceSmall(): void {
  // By how much it grows each time; V8 asks for this whenever it could.
  setFlagsFromString('--semi-space-growth-factor=1');
}
