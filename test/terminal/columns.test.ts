import { expect } from 'chai';

import { columnsOf, cutToColumns } from '../../src/terminal/columns.js';
import { LiveFrame } from '../../src/terminal/live-frame.js';
import { table } from '../../src/terminal/table.js';

const FLAG = '🇩🇪';
const KEYS = '日本語キー';

describe('terminal columns', () => {
  it('count two for wide characters', () => {
    expect(['abc', KEYS, '😀', FLAG, 'e\u0301', ''].map((text) => columnsOf(text))).to.deep.equal([3, 10, 2, 2, 1, 0]);
  });

  it('limit a cut text without splitting a character', () => {
    expect(cutToColumns('abcdef', 4)).to.equal('abcd');
    expect(cutToColumns(KEYS, 5)).to.equal('日本');
    expect(cutToColumns('a😀b', 2)).to.equal('a');
    expect(cutToColumns(`${FLAG}${FLAG}`, 3)).to.equal(FLAG);
    expect(cutToColumns('e\u0301e\u0301', 1)).to.equal('e\u0301');
    expect(cutToColumns('abc', 0)).to.equal('');
  });

  it('align a table with wide characters', () => {
    const [first, other] = [KEYS.repeat(5), '🇩🇪'.repeat(5)];
    const [, ...lines] = table(
      ['KEY', 'N'],
      [
        [first, '1'],
        [other, '2'],
      ],
    ).split('\n');
    expect(lines.slice(0, 2).map((line) => line.trimEnd())).to.deep.equal([
      `${first}  1`,
      `${other}${' '.repeat(columnsOf(first) - columnsOf(other))}  2`,
    ]);
  });

  it('limit the lines of a live view, which would wrap otherwise', () => {
    const frame = new LiveFrame();
    const written: string[] = [];
    const { write } = process.stdout;
    process.stdout.write = (text: string | Uint8Array) => written.push(String(text)) > 0;
    try {
      frame.draw(`\u001B[1m${'日'.repeat(100)}\u001B[22m`);
    } finally {
      process.stdout.write = write;
    }

    const columns = (process.stdout.columns || 80) - 1;
    expect(columnsOf(written.join('').trimEnd())).to.be.within(columns - 1, columns);
  });
});
