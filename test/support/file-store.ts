import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { FileProfile } from '../../src/profiles/profile.js';
import type { Store } from '../../src/stores/contract/store.js';

import { openCodec } from '../../src/codecs/open.js';
import { openFile } from '../../src/stores/file/store.js';

/** A folder in Laravel's layout, with a store on it. */
export class FileCache {
  readonly root = realpathSync(mkdtempSync(path.join(tmpdir(), 'cachectl-file-')));
  readonly folder = path.join(this.root, 'data');

  open(settings: Partial<FileProfile> = {}, timeoutMs = 20_000): Store {
    const profile: FileProfile = {
      driver: 'file',
      name: 'test',
      prefix: '',
      codec: 'php',
      protected: false,
      path: this.folder,
      lockPrefix: 'file-store-lock:',
      ...settings,
    };
    return openFile(profile, openCodec(profile.codec), { timeoutMs });
  }

  fileOf(key: string): string {
    const hash = createHash('sha1').update(key).digest('hex');
    return path.join(this.folder, hash.slice(0, 2), hash.slice(2, 4), hash);
  }

  /** Write a file as somebody else. Returns its path. */
  write(key: string, content: string): string {
    const file = this.fileOf(key);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  }

  remove(): void {
    rmSync(this.root, { force: true, recursive: true });
  }
}
