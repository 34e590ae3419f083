import { expect } from 'chai';

import type { Folder } from '../profiles/folder.js';

/** A cachectl.yaml with a profile `a` of this driver. @param lines its other keys */
export function yamlOf(driver: string, lines: readonly string[]): string {
  return [`profiles:\n  a:\n    driver: ${driver}`, ...lines].join('\n    ');
}

/** A wrong profile: its lines, the message after the file name, and the hint. */
export type Refusal = readonly [lines: readonly string[], message: string, hint: RegExp];

/** Check that wrong profiles of a driver are refused, without their passwords. */
export function describeRefusals(folder: () => Folder, driver: string, cases: readonly Refusal[]): void {
  for (const [lines, message, hint] of cases) {
    it(`with ${lines.length === 0 ? 'no more keys' : lines.join('; ')}`, async () => {
      const failure = await folder().failureOf(yamlOf(driver, lines));
      expect(failure.message.slice(0, message.length + 14)).to.equal(`cachectl.yaml:${message}`);
      expect(failure.hint).to.match(hint);
      expect(failure.message + failure.hint).not.to.contain('hunter2');
    });
  }
}
