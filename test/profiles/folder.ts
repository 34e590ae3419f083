import { expect } from 'chai';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Profile } from '../../src/profiles/profile.js';

import { CachectlError } from '../../src/errors.js';
import { type ProfileChoice, resolveProfile } from '../../src/profiles/resolve.js';

/** A project in a temporary folder, with an empty home beside it. */
export class Folder {
  readonly root = realpathSync(mkdtempSync(path.join(tmpdir(), 'cachectl-profiles-')));
  readonly project = path.join(this.root, 'project');
  readonly home = path.join(this.root, 'home');

  constructor() {
    mkdirSync(this.project);
    mkdirSync(this.home);
  }

  /** Write a file, with its folders. Returns its path. */
  write(name: string, content: string | Uint8Array): string {
    const file = path.join(this.project, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  }

  async resolve(choice: Partial<ProfileChoice> = {}): Promise<Profile> {
    return resolveProfile({ cwd: this.project, ...choice, env: { HOME: this.home, ...choice.env } });
  }

  /** The profile of a cachectl.yaml with this text. */
  async of(yaml: string, choice: Partial<ProfileChoice> = {}): Promise<Profile> {
    this.write('cachectl.yaml', yaml);
    return this.resolve(choice);
  }

  /** The two lines that a user reads. */
  async failure(choice: Partial<ProfileChoice> = {}): Promise<{ message: string; hint: string; error: CachectlError }> {
    try {
      await this.resolve(choice);
    } catch (error) {
      expect(error).to.be.instanceOf(CachectlError);
      const known = error as CachectlError;
      expect(known.exitCode).to.equal(2);
      expect(known.message).not.to.match(/\n/);
      expect(known.hint).to.match(/^\S[^\n]+$/);
      return { message: known.message, hint: known.hint, error: known };
    }

    throw new Error('resolved, and should have failed');
  }

  async failureOf(yaml: string, choice: Partial<ProfileChoice> = {}): Promise<{ message: string; hint: string }> {
    this.write('cachectl.yaml', yaml);
    const { message, hint } = await this.failure(choice);
    return { message, hint };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
