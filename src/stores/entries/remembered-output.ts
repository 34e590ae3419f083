import type { Value } from '../../codecs/value.js';

import { integer, string } from '../../codecs/value.js';

/** The output of a command and its exit code. */
export interface CommandOutput {
  readonly output: Value;
  readonly exitCode: number;
}

/** The form in which `remember` stores output: an array in PHP. */
export function packOutput(output: Buffer, exitCode: number): Value {
  return {
    type: 'array',
    entries: [
      [STDOUT, string(output)],
      [EXIT_CODE, integer(exitCode)],
    ],
  };
}

/** Undefined if the value has another form. */
export function outputIn(value: Value): CommandOutput | undefined {
  // The json codec reads an array with string keys as an object.
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
