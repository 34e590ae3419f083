import { expect } from 'chai';

import { table } from '../../src/terminal/table.js';

const HEADINGS = ['NAME', { title: 'SIZE', isNumber: true }, 'MEANING'];
const LONG = String.raw`laravel_unique_job:App\Jobs\SyncStockOfEveryWarehouse:42`;

describe('a table', () => {
  it('aligns numbers to the right and leaves empty columns out', () => {
    const rows = [
      ['a', '8 B', ''],
      ['users:1', '1.2 kB', ''],
    ];
    expect(table(HEADINGS, rows, 80)).to.equal('NAME       SIZE\na           8 B\nusers:1  1.2 kB\n');
  });

  it('wraps text between words where it does not fit', () => {
    const rows = [['deploy', '8 B', 'keeps a second job out of the queue']];
    const lines = table(HEADINGS, rows, 40).split('\n');
    expect(lines).to.deep.equal([
      'NAME    SIZE  MEANING',
      'deploy   8 B  keeps a second job out of',
      '              the queue',
      '',
    ]);
  });

  it('never cuts the first column: a name that is too long stands on a line of its own', () => {
    const lines = table(HEADINGS, [[LONG, '8 B', 'keeps a second job out of the queue']], 60).split('\n');
    expect(lines[1]).to.equal(LONG);
    expect(lines[2]).to.match(/^ +8 B {2}keeps a second job/);
    expect(lines.filter((line) => line !== LONG).every((line) => line.length <= 60)).to.equal(true);
  });

  it('cuts a column that asks for it, and drops optional ones that do not fit', () => {
    const headings = ['KEY', { title: 'VALUE', isCut: true }, { title: 'CURVE', isOptional: true }];
    expect(table(headings, [['k', 'v'.repeat(100), 'x'.repeat(20)]], 30)).to.equal(
      `KEY  VALUE\nk    ${'v'.repeat(24)}…\n`,
    );
  });

  it('drops minor columns from the right until numbers fit beside a narrow first column', () => {
    const minor = ['AAAAAAAAAA', 'BBBBBBBBBB'].map((title) => ({ title, isNumber: true, isMinor: true }));
    const headings = ['KEY', ...minor, { title: 'BYTES', isNumber: true }];
    const rows = [['a'.repeat(30), '1', '2', '3']];
    expect(table(headings, rows, 35)).to.equal(
      `KEY${' '.repeat(15)}AAAAAAAAAA  BYTES\n${'a'.repeat(30)}\n${' '.repeat(27)}1      3\n`,
    );
    expect(table(headings, rows, 25)).to.equal(`KEY${' '.repeat(15)}BYTES\n${'a'.repeat(30)}\n${' '.repeat(22)}3\n`);
  });

  it('is as wide as it wants to be without a terminal', () => {
    expect(table(['KEY', 'VALUE'], [['k', 'v '.repeat(100)]], Infinity)).to.include('v '.repeat(100).trimEnd());
  });
});
