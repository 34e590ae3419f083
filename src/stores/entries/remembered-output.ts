import type { Value } from '../../codecs/value.js';

import { integer, string } from '../../codecs/value.js';

/** What a command printed, and how it ended. */
export interface CommandOutput {
  readonly output: Value;
  readonly exitCode: number;
}

/** The form in which `remember` keeps the output of a command: an array in PHP. */
export function packOutput(output: Buffer, exitCode: number): Value {
  return {
    type: 'array',
    entries: [
      [STDOUT, string(output)],
      [EXIT_CODE, integer(exitCode)],
    ],
  };
}

/** Undefined of a value of any other form. */
export function outputIn(value: Value): CommandOutput | undefined {
  // The json codec reads every array with names as an object.
  const members = value.type === 'array' ? value.entries : value.type === 'object' ? value.properties : [];
  const member = (wanted: Buffer): Value | undefined =>
    members.find(([name]) => typeof name !== 'bigint' && name.equals(wanted))?.[1];
  const [output, exitCode] = [member(STDOUT), member(EXIT_CODE)];
  if (output?.type === 'string' && exitCode?.type === 'integer' && exitCode.value >= 0n && exitCode.value < 256n) {
    return { output, exitCode: Number(exitCode.value) };
  }

  return undefined;
}

const STDOUT = Buffer.from('stdout');
const EXIT_CODE = Buffer.from('exitCode');
