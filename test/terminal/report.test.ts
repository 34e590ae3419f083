import { expect } from 'chai';

import { type Column, itemFields, itemJson, itemLine } from '../../src/terminal/list.js';
import { type Field, reportJson, reportLines, reportText } from '../../src/terminal/report.js';

const FIELDS: readonly Field[] = [
  { name: 'key', value: 'users:1', label: 'key' },
  { name: 'ttl', value: null, plain: 'never', label: 'expires', text: 'never' },
  { name: 'idle', value: undefined, label: 'idle for' },
  { name: 'tags', value: ['a', 'b'] },
  { name: 'lock', members: [{ name: 'owner', value: 'ann', label: 'held by' }] },
  { name: 'servers', members: [[{ name: 'entries', value: 1 }], [{ name: 'entries', value: 2 }]] },
  { name: 'notes', value: ['x'], plain: [] },
];

describe('a report', () => {
  it('is one JSON document without what is not known', () => {
    expect(reportJson(FIELDS)).to.deep.equal({
      key: 'users:1',
      ttl: null,
      tags: ['a', 'b'],
      lock: { owner: 'ann' },
      servers: [{ entries: 1 }, { entries: 2 }],
      notes: ['x'],
    });
  });

  it('has the same names in a pipe, with dots for members', () => {
    expect(reportLines(FIELDS)).to.equal(
      'key\tusers:1\nttl\tnever\ntags\ta,b\nlock.owner\tann\nservers.0.entries\t1\nservers.1.entries\t2\n',
    );
  });

  it('has labels and texts for a person, which wrap with a hanging indent', () => {
    expect(reportText(FIELDS)).to.equal('key      users:1\nexpires  never\nheld by  ann\n');
    const long: Field = { name: 'meaning', value: 'a lock that keeps a second job out of the queue', label: 'meaning' };
    expect(reportText([long], '  ', 35)).to.equal(
      '  meaning  a lock that keeps a\n           second job out of the\n           queue\n',
    );
  });

  it('shows what would steer a terminal', () => {
    expect(reportText([{ name: 'key', value: '\u001B]0;x\u0007\n', label: 'key' }])).to.equal(
      String.raw`key  \x1b]0;x\x07\n` + '\n',
    );
  });
});

describe('a list', () => {
  const columns: ReadonlyArray<Column<{ readonly key: string; readonly size?: number }>> = [
    { name: 'key', value: ({ key }) => key, title: 'KEY' },
    { name: 'size', value: ({ size }) => size, title: 'SIZE', text: ({ size }) => `${size} B` },
    { name: 'tagged', value: () => false, plain: false },
  ];

  it('has one set of names for JSON, a pipe and a report', () => {
    expect(itemJson({ key: 'a', size: 8 }, columns)).to.deep.equal({ key: 'a', size: 8, tagged: false });
    expect(itemLine({ key: 'a\tb' }, columns)).to.equal('a\\tb\t\n');
    expect(reportText(itemFields({ key: 'a', size: 8 }, columns))).to.equal('key   a\nsize  8 B\n');
  });
});
