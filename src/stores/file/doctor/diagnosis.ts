import { readFile, statfs } from 'node:fs/promises';

import type { Finding, Reading } from '../../contract/store.js';
import type { FileContext } from '../context.js';
import type { Folder } from '../folder.js';

import { bytesText } from '../../../byte-text.js';
import { openCodec } from '../../../codecs/open.js';
import { counted, ok, warning } from '../../doctor/findings.js';
import { CodedEntry } from '../../entries/coded-entry.js';
import { type Alternative, contentsFinding, inPortions, SAMPLE } from '../../listing/sampled-contents.js';
import { mapped } from '../at-once.js';
import { parseContent } from '../content.js';
import { unlessMissing } from '../errors.js';
import { type CacheFile, isExpiredFile, isLeftover, removeFiles, walk } from '../listing/walk.js';

/** The maximum number of files to inspect: each one is opened. */
const MAX_FILES = 200_000;

/** Warn below this much free space, in bytes. */
const LITTLE_SPACE = 100 * 1024 * 1024;

/** Check the disk, leftover files in the folder, and whether its files match the profile. */
export async function* diagnose(context: FileContext): AsyncGenerator<Finding> {
  const { folder } = context;
  const disk = await unlessMissing(statfs(folder.path));
  if (disk === undefined) return;
  yield space(disk.bavail * disk.bsize);
  if (disk.ffree === 0 && disk.files > 0) {
    yield warning('inodes', 'the file system has no free inodes: no file can be created', 'Remove files, or flush.');
  }

  const seen = await look(context);
  yield expired(context, seen);
  if (seen.leftovers > 0) yield leftover(context, seen);
  if (seen.foreign.length > 0) {
    const [example] = seen.foreign;
    yield warning(
      'foreign files',
      `${counted(seen.foreign.length, 'file is', 'files are')} named like cache files and are none, such as ${example}`,
      'A flush of everything removes them. Check path if this is not the folder of a cache.',
    );
  }

  yield ok('clock', 'each reader applies its own clock to expiry: synchronize all machines that share the folder');
  yield await contentsFinding(
    inPortions(seen.live, async (files) => readings(context, files)),
    alternatives,
  );
}

interface Seen {
  readonly live: readonly CacheFile[];
  readonly foreign: readonly string[];
  readonly expired: number;
  readonly expiredBytes: number;
  readonly leftovers: number;
  readonly leftoverBytes: number;
  readonly total: number;
  readonly isAll: boolean;
}

async function look({ folder }: FileContext): Promise<Seen> {
  const live: CacheFile[] = [];
  const foreign: string[] = [];
  let [expired, expiredBytes, leftovers, leftoverBytes, total, isAll] = [0, 0, 0, 0, 0, true];
  for await (const files of walk(folder, { shuffled: true })) {
    for (const file of files) {
      if (isLeftover(file)) {
        leftovers++;
        leftoverBytes += file.size;
        continue;
      }

      total++;
      if (file.expiry === 'foreign') foreign.push(file.file);
      else if (isExpiredFile(file)) {
        expired++;
        expiredBytes += file.size;
      } else if (live.length < SAMPLE) live.push(file);
    }

    isAll = total < MAX_FILES;
    if (!isAll) break;
  }

  return { live, foreign, expired, expiredBytes, leftovers, leftoverBytes, total, isAll };
}

function space(free: number): Finding {
  const message = `${bytesText(free)} free on its disk`;
  return free < LITTLE_SPACE ? warning('disk', message, 'Free some space, or flush.') : ok('disk', message);
}

/** Laravel removes an expired file only when its key is read. */
function expired({ folder }: FileContext, { expired: files, expiredBytes, total, isAll }: Seen): Finding {
  const among = `${files.toLocaleString('en')} of ${isAll ? '' : 'the first '}${counted(total, 'file', 'files')}`;
  const message = `${among} expired, with ${bytesText(expiredBytes)}`;
  if (files * 2 < total || files < 1000) return ok('expired files', message);
  return {
    ...warning('expired files', `${message}; Laravel removes one only when its key is read`, 'Run doctor --fix.'),
    fix: { effect: 'removes the expired files', apply: async () => removeAll(folder, isExpiredFile) },
  };
}

function leftover({ folder }: FileContext, { leftovers, leftoverBytes }: Seen): Finding {
  const files = counted(leftovers, 'temporary file', 'temporary files');
  return {
    ...warning(
      'leftover files',
      `${files} of cachectl processes that were killed while they wrote, with ${bytesText(leftoverBytes)}`,
      'Run doctor --fix. A flush of everything removes them too.',
    ),
    fix: { effect: 'removes the temporary files', apply: async () => removeAll(folder, isLeftover) },
  };
}

async function removeAll(folder: Folder, isRemoved: (file: CacheFile) => boolean): Promise<void> {
  for await (const files of walk(folder)) {
    await removeFiles(
      folder,
      files.filter((file) => isRemoved(file)),
    );
  }
}

/** Values that are not read, in bytes. */
const LARGE = 8 * 1024 * 1024;

async function readings({ codec }: FileContext, files: readonly CacheFile[]): Promise<readonly Reading[]> {
  return mapped(files, async ({ file, size }): Promise<Reading> => {
    if (size > LARGE) return;
    const bytes = await unlessMissing(readFile(file));
    const content = bytes && parseContent(bytes);
    return content && typeof content === 'object' ? new CodedEntry(content.stored, undefined, codec) : undefined;
  });
}

async function alternatives(): Promise<readonly Alternative[]> {
  return (['php', 'json'] as const).map((name) => {
    const codec = openCodec(name);
    return { settings: `codec: ${name}`, decode: (stored) => codec.decode(stored) };
  });
}
