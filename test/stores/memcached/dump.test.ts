import { expect } from 'chai';

import { InputError, RefusedError } from '../../../src/errors.js';
import { Spool } from '../../../src/stores/memcached/listing/disk-buffer.js';
import { type Dumped, DumpLines } from '../../../src/stores/memcached/listing/dump-lines.js';
import { LineCutter } from '../../../src/stores/memcached/listing/line-cutter.js';
import { GarbageError } from '../../../src/stores/memcached/protocol/garbage-error.js';
import { uriDecoded, uriEncoded } from '../../../src/stores/memcached/protocol/uri.js';

const NOW = 1_795_437_405;

function dumped(text: string): Array<Dumped | undefined> {
  const lines = new DumpLines(Buffer.from(text), 'memcached here');
  const items: Array<Dumped | undefined> = [];
  while (lines.next()) items.push(lines.dumped(NOW));
  return items;
}

describe('a dump of Memcached', () => {
  it('is parsed line by line, including fields of newer servers', () => {
    const text = [
      'key=%C5%BEk exp=1795437440 la=1795437400 cas=18446744073709551615 fetch=yes cls=1 size=71',
      'key=forever exp=-1 la=1795437409 cas=2 fetch=no cls=1 size=1048576 flags=16 ext_page=0',
      'key=over exp=1795437405 la=1795437400 cas=3 fetch=no cls=1 size=63',
      '',
    ].join('\n');
    expect(dumped(text)).to.deep.equal([
      { full: Buffer.from('žk'), size: 71, ttl: 35, idle: 5, cas: '18446744073709551615' },
      { full: Buffer.from('forever'), size: 1_048_576, ttl: null, idle: 0, cas: '2' },
      undefined,
    ]);
  });

  for (const line of ['key=k exp=-1 cas=2 size=63', 'key=k', 'key=k exp=-1 la=1 cas=2', 'key= la=1 cas=2 size=6']) {
    it(`is refused with missing fields: ${line}`, () => {
      const next = 'key=n exp=-1 la=1795437400 cas=7 fetch=no cls=1 size=9\n';
      expect(() => dumped(`${line}\n${next}`)).to.throw(RefusedError, 'does not speak the Memcached protocol');
    });
  }

  it('has keys of any bytes, and keeps what is no escape', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    expect(uriDecoded(Buffer.from(uriEncoded(bytes)))).to.deep.equal(bytes);
    expect(uriDecoded(Buffer.from('%c5%be%zz%4%')).toString()).to.equal('ž%zz%4%');
  });

  it('gives the same lines for any chunks', () => {
    const text = Buffer.from('key=a\nkey=bc\n\nEND\r\n');
    for (let cut = 0; cut <= text.length; cut++) {
      const cutter = new LineCutter();
      const lines: string[] = [];
      for (const chunk of [text.subarray(0, cut), text.subarray(cut)]) {
        cutter.push(chunk, (bytes, start, end) => lines.push(bytes.toString('latin1', start, end)));
      }

      expect(lines).to.deep.equal(['key=a\n', 'key=bc\n', '\n', 'END\r\n']);
    }

    const endless = (): void => new LineCutter().push(Buffer.alloc(10_000, 'x'), () => {});
    expect(endless).to.throw(GarbageError);
  });

  it('is buffered in full, in memory and on disk, for a slow reader', async () => {
    const spool = new Spool();
    const numbers = Array.from({ length: 200_000 }, (_, number) => number);
    for (const number of numbers) {
      const line = Buffer.from(`key=${number} exp=-1 la=1795437400 cas=2 fetch=no cls=1 size=63\n`);
      spool.add(line, 0, line.length);
      if (spool.isFull) await spool.written();
    }

    spool.end();
    const found: number[] = [];
    for await (const lines of spool) {
      for (const [, digits] of lines.toString().matchAll(/^key=(\d+) .*=63$/gm)) found.push(Number(digits));
    }

    expect(found.toSorted((one, other) => one - other)).to.deep.equal(numbers);
  });

  it('fails after what is in memory if the temporary folder cannot be written to', async () => {
    const { TMPDIR } = process.env;
    process.env.TMPDIR = '/dev/null/none';
    try {
      const spool = new Spool();
      const line = Buffer.from(`key=${'k'.repeat(200)} exp=-1 la=1795437400 cas=2 fetch=no cls=1 size=63\n`);
      let added = 0;
      for (; added < 20_000; added++) spool.add(line, 0, line.length);
      await spool.written();
      let found = 0;
      const take = async (): Promise<void> => {
        for await (const lines of spool) found += lines.length / line.length;
      };

      const error = await take().catch((error_: unknown) => error_);
      expect(error).to.be.instanceOf(InputError);
      expect(error).to.have.property('message', 'cannot write /dev/null/none: a part of its path is not a folder');
      expect(found).to.be.greaterThan(0).and.lessThan(added);
    } finally {
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
    }
  });

  it('is read up to the failure, then fails', async () => {
    const spool = new Spool();
    spool.add(Buffer.from('key=a\n'), 0, 6);
    spool.end(new Error('lost'));
    const found: string[] = [];
    const take = async (): Promise<void> => {
      for await (const lines of spool) found.push(lines.toString());
    };

    const error = await take().catch((error_: unknown) => error_);
    expect(error).to.be.an('error').with.property('message', 'lost');
    expect(found).to.deep.equal(['key=a\n']);
  });
});
