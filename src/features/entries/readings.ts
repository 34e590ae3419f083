import type { Value } from '../../codecs/value.js';
import type { Entry, Reading } from '../../stores/contract/store.js';

import { toJson } from '../../codecs/json/print.js';
import { ExitCode, UndecodableError, WrongTypeError } from '../../errors.js';
import { errorFields, errorText, toFailure } from '../../runtime/report-error.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { isLaravelLockName, isLaravelOwner, OWNER_PREFIX } from '../../stores/locks/names.js';
import { JsonText } from '../../terminal/json.js';
import { answer, answerJson, answersAPerson, notesReachAPerson, warn } from '../../terminal/output.js';
import { expiresText, forTerminal, valueBytes, valueLine } from '../../terminal/value-text.js';
import { printStructure, structureFields, structureLine, type Structures } from './structures.js';

/** The output flags of `get`. */
export interface ReadingFormat {
  readonly json: boolean;
  readonly raw: boolean;
  readonly 'no-newline': boolean;
  readonly default?: string | undefined;
  /** Keys that hold no entry, whose content is printed anyway. */
  readonly structures?: Structures;
}

/**
 * Print the readings of `keys` in their order.
 * @returns the exit code: 3 if any could not be read, 1 if any was a miss
 */
export async function printReadings(
  keys: readonly string[],
  readings: readonly Reading[],
  format: ReadingFormat,
): Promise<number> {
  if (format.json) return printJson(keys, readings, format.structures);
  return keys.length === 1 ? printOne(keys[0]!, readings[0], format) : printMany(keys, readings, format);
}

/** Whether a person reads hints, each of which takes a request. */
export function hintsHelp({ json }: { readonly json: boolean }): boolean {
  return !json && notesReachAPerson();
}

async function printJson(
  keys: readonly string[],
  readings: readonly Reading[],
  structures?: Structures,
): Promise<number> {
  let exitCode: number = ExitCode.Yes;
  const documents = keys.map((key, index) => {
    const reading = readings[index];
    const structure = structures?.get(key);
    if (structure !== undefined) return { key: printKey(key), hit: true, ...structureFields(structure) };
    if (reading === undefined) {
      exitCode = Math.max(exitCode, ExitCode.No);
      return { key: printKey(key), hit: false };
    }

    try {
      const entry = present(reading);
      return hitFields(key, entry, decode(key, entry));
    } catch (error) {
      const failure = toFailure(error);
      exitCode = Math.max(exitCode, failure.exitCode);
      const hit = provesExistence(error);
      const ttl = reading instanceof Error ? undefined : reading.ttl;
      return { key: printKey(key), hit, ttl, error: errorFields(failure) };
    }
  });
  await answerJson(keys.length === 1 ? documents[0]! : documents);
  return exitCode;
}

async function printOne(key: string, reading: Reading, format: ReadingFormat): Promise<number> {
  if (reading === undefined) return printMiss(key, format);
  const structure = format.structures?.get(key);
  if (structure !== undefined) {
    await printStructure(structure);
    return ExitCode.Yes;
  }

  const entry = present(reading);
  if (format.raw) {
    await answer(entry.stored);
    return ExitCode.Yes;
  }

  const bytes = valueBytes(decode(key, entry));
  if (format['no-newline']) await answer(bytes);
  else if (answersAPerson()) await answer(`${forTerminal(bytes)}\n`);
  else await answer(Buffer.concat([bytes, Buffer.from('\n')]));
  return ExitCode.Yes;
}

async function printMiss(key: string, format: ReadingFormat): Promise<number> {
  if (format.default === undefined) {
    warn(`${printKey(key)} is not in the cache`);
    return ExitCode.No;
  }

  await answer(format['no-newline'] ? format.default : `${format.default}\n`);
  return ExitCode.Yes;
}

async function printMany(
  keys: readonly string[],
  readings: readonly Reading[],
  format: ReadingFormat,
): Promise<number> {
  let exitCode: number = ExitCode.Yes;
  const rows: string[][] = [];
  for (const [index, key] of keys.entries()) {
    const reading = readings[index];
    const structure = format.structures?.get(key);
    try {
      if (structure !== undefined) rows.push([printKey(key), structureLine(structure), expiresText(structure.ttl)]);
      else if (reading !== undefined) {
        const entry = present(reading);
        rows.push([printKey(key), valueLine(decode(key, entry)), expiresText(entry.ttl)]);
      } else if (format.default === undefined) {
        warn(`${printKey(key)} is not in the cache`);
        exitCode = Math.max(exitCode, ExitCode.No);
      } else rows.push([printKey(key), format.default, '']);
    } catch (error) {
      const failure = toFailure(error);
      process.stderr.write(errorText(failure));
      exitCode = Math.max(exitCode, failure.exitCode);
    }
  }

  if (rows.length === 0) return exitCode;
  if (answersAPerson()) {
    const { table } = await import('../../terminal/table.js');
    await answer(table(['KEY', { title: 'VALUE', isCut: true }, 'EXPIRES'], rows));
  } else await answer(rows.map(([key, value]) => `${key}\t${value}\n`).join(''));

  return exitCode;
}

/**
 * Whether the key exists, even if `get` cannot read its value.
 * @throws the error if that is unknown
 */
export function isThere(reading: Reading): boolean {
  if (reading instanceof Error && !provesExistence(reading)) throw reading;
  return reading !== undefined;
}

/** Whether it can be printed, as a miss can. */
export function isReadable(reading: Reading): boolean {
  if (reading === undefined || reading instanceof Error) return reading === undefined;
  try {
    reading.decode();
    return true;
  } catch (error) {
    if (error instanceof UndecodableError) return false;
    throw error;
  }
}

/** Whether the error shows that the key exists. With others it is unknown: the server refused or did not answer. */
function provesExistence(error: unknown): boolean {
  return error instanceof WrongTypeError || error instanceof UndecodableError;
}

/** @throws the error if the key could not be read */
function present(reading: Entry | Error): Entry {
  if (reading instanceof Error) throw reading;
  return reading;
}

/** A hit's members in `--json`. */
function hitFields(key: string, { ttl }: Entry, value: Value) {
  return { key: printKey(key), hit: true, value: new JsonText(toJson(value)), type: value.type, ttl };
}

/** The value of an entry. @throws UndecodableError with the key, and a hint */
export function decode(key: string, entry: Entry): Value {
  try {
    return entry.decode();
  } catch (error) {
    if (!(error instanceof UndecodableError)) throw error;
    if (isLock(key, entry)) {
      throw new UndecodableError(`"${printKey(key)}" is a lock, not an entry`, 'See who holds it with lock:show.');
    }

    throw new UndecodableError(
      `"${printKey(key)}" cannot be read: ${error.message}`,
      `${error.hint} \`get --raw\` prints the stored bytes as they are.`.trim(),
      error.offset,
    );
  }
}

/** Whether its name or value is that of a lock. */
export function isLock(key: string, { stored }: Entry): boolean {
  const owner = stored.toString('latin1');
  return isLaravelLockName(key) || owner.startsWith(OWNER_PREFIX) || isLaravelOwner(owner);
}
