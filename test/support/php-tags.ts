import { expect } from 'chai';

import type { Shared } from './php-shared.js';

const HELLO = Buffer.from('s:5:"hello";');
const MISS = Buffer.from('N;');

/** For stores where Laravel 8 stores tags like current Laravel. */
export function describeTags(shared: () => Shared): void {
  it('what Laravel puts under tags, cachectl gets by the same tags in the same order', async () => {
    const { theirs, run } = shared();
    await theirs.tags(['people', 'artists']).put('John', HELLO, 600);
    expect((await run(['get', 'John', '--tags', 'people,artists'])).out).to.equal('hello\n');
    expect((await run(['get', 'John', '--tags', 'artists,people'])).code).to.equal(1);
    expect((await run(['get', 'John', '--tags', 'people'])).code).to.equal(1);
    expect((await run(['get', 'John'])).code).to.equal(1);
  });

  it('what cachectl puts under tags, Laravel gets by the same tags in the same order', async () => {
    const { theirs, run } = shared();
    expect((await run(['put', 'John', 'hello', '--tags', 'people,artists', '--ttl', '10m'])).code).to.equal(0);
    expect(await theirs.tags(['people', 'artists']).get('John')).to.deep.equal(HELLO);
    expect(await theirs.tags(['artists', 'people']).get('John')).to.deep.equal(MISS);
    expect(await theirs.get('John')).to.deep.equal(MISS);
  });

  it('what cachectl flushes by one tag, Laravel sees no more, whoever put it; other tags stay', async () => {
    const { theirs, run } = shared();
    await theirs.tags(['people', 'artists']).put('John', HELLO, 600);
    await run(['put', 'Anne', 'hello', '--tags', 'people,authors']);
    await theirs.tags(['authors']).put('Book', HELLO, 600);
    await theirs.put('John', HELLO, 600);
    expect((await run(['tags:flush', 'people', '--yes'])).code).to.equal(0);
    expect(await theirs.tags(['people', 'artists']).get('John')).to.deep.equal(MISS);
    expect(await theirs.tags(['people', 'authors']).get('Anne')).to.deep.equal(MISS);
    expect(await theirs.tags(['authors']).get('Book')).to.deep.equal(HELLO);
    expect(await theirs.get('John')).to.deep.equal(HELLO);
  });

  it('what Laravel flushes by one tag, cachectl sees no more, whoever put it; other tags stay', async () => {
    const { theirs, run } = shared();
    await theirs.tags(['people', 'artists']).put('John', HELLO, 600);
    await run(['put', 'Anne', 'hello', '--tags', 'people,authors']);
    await run(['put', 'Book', 'hello', '--tags', 'authors']);
    await theirs.tags(['people']).flush();
    expect((await run(['get', 'John', '--tags', 'people,artists'])).code).to.equal(1);
    expect((await run(['get', 'Anne', '--tags', 'people,authors'])).code).to.equal(1);
    expect((await run(['get', 'Book', '--tags', 'authors'])).out).to.equal('hello\n');
  });

  it('after either has flushed, both put and get under the tag again', async () => {
    const { theirs, run } = shared();
    for (const flush of [
      async () => theirs.tags(['people']).flush(),
      async () => run(['tags:flush', 'people', '--yes']),
    ]) {
      await theirs.tags(['people']).put('John', HELLO, 600);
      await flush();
      expect((await run(['get', 'John', '--tags', 'people'])).code).to.equal(1);
      await run(['put', 'John', 'again', '--tags', 'people']);
      expect((await theirs.tags(['people']).get('John')).toString()).to.equal('s:5:"again";');
      await theirs.tags(['people']).put('Zed', HELLO, 600);
      expect((await run(['get', 'Zed', '--tags', 'people'])).out).to.equal('hello\n');
    }
  });

  it('both count on one tagged counter, and forget under tags', async () => {
    const { php, theirs, ours, run } = shared();
    await theirs.tags(['people']).put('hits', await php.evaluate('1'), 600);
    expect(await ours.tags(['people']).increment('hits', 2n)).to.equal(3n);
    expect(await theirs.tags(['people']).increment('hits', 4)).to.equal(7);
    expect((await run(['forget', 'hits', '--tags', 'people'])).code).to.equal(0);
    expect(await theirs.tags(['people']).get('hits')).to.deep.equal(MISS);
  });
}
