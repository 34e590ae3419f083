import { isUtf8 } from 'node:buffer';
import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

import type { Value } from '../../codecs/value.js';
import type { Entry, Repository, Store } from '../../stores/contract/store.js';

import { parseJson } from '../../codecs/json/parse.js';
import { string } from '../../codecs/value.js';
import { CachectlError, ExitCode, InputError, UnsupportedError } from '../../errors.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { answerJson, note, warn } from '../../terminal/output.js';
import { ttlText, valueBytes } from '../../terminal/value-text.js';
import { checkEditor, type Draft, editText } from './editor.js';
import { decode } from './readings.js';

/**
 * Open the value of an entry in the user's editor and store the result, unless the entry has changed meanwhile.
 * @returns the exit code: 1 if the entry does not exist or has changed
 */
export async function editEntry(
  store: Pick<Store, 'reconnect'>,
  entries: Repository,
  key: string,
  { json, ifPresent }: { readonly json: boolean; readonly ifPresent: boolean },
): Promise<number> {
  const name = printKey(key);
  checkEditor();
  const entry = await entries.get(key);
  if (entry === undefined) {
    warn(`${name} is not in the cache`);
    if (json) await answerJson({ key: name, edited: false });
    return ifPresent ? ExitCode.Yes : ExitCode.No;
  }

  const value = decode(key, entry);
  const { text, extension, parse } = formOf(name, value);
  const draft = await editText(`${fileName(key)}.${extension}`, text);
  await store.reconnect?.({ onlyClosed: true });
  const next = await kept(draft, () => parse(draft.read()));
  if (isDeepStrictEqual(next, value)) {
    draft.remove();
    note(`${name} was not changed`);
    if (json) await answerJson({ key: name, edited: false });
    return ExitCode.Yes;
  }

  if (await kept(draft, async () => replaced(entries, key, entry, next))) {
    draft.remove();
    note(`stored ${name}, ${ttlText(entry.ttl ?? null)}`);
    if (json) await answerJson({ key: name, edited: true });
    return ExitCode.Yes;
  }

  warn(`${name} has changed or expired since it was opened; nothing was written\n  Your text is in ${draft.file}`);
  if (json) await answerJson({ key: name, edited: false, draft: draft.file });
  return ExitCode.No;
}

interface Form {
  readonly text: Buffer;
  readonly extension: 'json' | 'txt';
  /** @throws InputError for text of another form */
  parse(edited: Buffer): Value;
}

/** @throws UnsupportedError for a value that a text cannot express */
function formOf(name: string, value: Value): Form {
  const text = valueBytes(value);
  if (!isUtf8(text) || text.includes(0)) {
    throw new UnsupportedError(
      `${name} holds bytes that are not text`,
      `Save them with: cachectl get ${name} --no-newline > FILE, and store them with put --file FILE`,
    );
  }

  if (value.type === 'string') {
    const endsLine = text.at(-1) === NEWLINE;
    // Editors add a line end to the last line.
    return { text, extension: 'txt', parse: (edited) => string(endsLine ? edited : withoutLineEnd(edited)) };
  }

  const parse = (edited: Buffer): Value => {
    if (isUtf8(edited)) return parseJson(edited.toString());
    throw new InputError('the text is not valid UTF-8, so it is not JSON', 'Save it as UTF-8.');
  };

  if (!isDeepStrictEqual(readBack(parse, text), value)) {
    throw new UnsupportedError(
      `${name} holds what JSON cannot express, such as an object of a class`,
      'Change it in the application that stored it. To see it: cachectl inspect',
    );
  }

  return { text: Buffer.concat([text, Buffer.from('\n')]), extension: 'json', parse };
}

const NEWLINE = 0x0a;

function withoutLineEnd(text: Buffer): Buffer {
  if (text.at(-1) !== NEWLINE) return text;
  return text.subarray(0, text.at(-2) === 0x0d ? -2 : -1);
}

function readBack(parse: Form['parse'], text: Buffer): Value | undefined {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof CachectlError) return undefined;
    throw error;
  }
}

/** Without an atomic `replace`, read the entry again just before the write. */
async function replaced(entries: Repository, key: string, entry: Entry, next: Value): Promise<boolean> {
  if (entries.replace) return entries.replace(key, entry, next);
  const now = await entries.get(key);
  if (!now?.stored.equals(entry.stored)) return false;
  await entries.put(key, next, now.ttl ?? null);
  return true;
}

/** If the text cannot be used, report its file. */
async function kept<T>(draft: Draft, use: () => Promise<T> | T): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (existsSync(draft.file)) warn(`Your text is in ${draft.file}`);
    throw error;
  }
}

function fileName(key: string): string {
  return (
    key
      .replaceAll(/[^\w.-]+/g, '-')
      .replace(/^[-.]+/, '')
      .slice(0, 60) || 'value'
  );
}
