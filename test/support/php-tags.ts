import { expect } from 'chai';

import type { Shared } from './php-shared.js';

const HELLO = Buffer.from('s:5:"hello";');
const MISS = Buffer.from('N;');

/** For stores where Laravel 8 stores tags like current Laravel. */
export function describeTags(shared: () => Shared): void {
  it("cachectl reads Laravel's tagged entries by the same tags in the same order", async () => {
    const { theirs, run } = shared();
    await theirs.tags(['people', 'artists']).put('John', HELLO, 600);
    expect((await run(['get', 'John', '--tags', 'people,artists'])).out).to.equal('hello\n');
    expect((await run(['get', 'John', '--tags', 'artists,people'])).code).to.equal(1);
    expect((await run(['get', 'John', '--tags', 'people'])).code).to.equal(1);
    expect((await run(['get', 'John'])).code).to.equal(1);
  });

  it("Laravel reads cachectl's tagged entries by the same tags in the same order", async () => {
    const { theirs, run } = shared();
    expect((await run(['put', 'John', 'hello', '--tags', 'people,artists', '--ttl', '10m'])).code).to.equal(0);
    expect(await theirs.tags(['people', 'artists']).get('John')).to.deep.equal(HELLO);
    expect(await theirs.tags(['artists', 'people']).get('John')).to.deep.equal(MISS);
    expect(await theirs.get('John')).to.deep.equal(MISS);
  });

  it('a flush by cachectl removes a tag for Laravel, and keeps other tags', async () => {
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

  it('a flush by Laravel removes a tag for cachectl, and keeps other tags', async () => {
    const { theirs, run } = shared();
    await theirs.tags(['people', 'artists']).put('John', HELLO, 600);
    await run(['put', 'Anne', 'hello', '--tags', 'people,authors']);
    await run(['put', 'Book', 'hello', '--tags', 'authors']);
    await theirs.tags(['people']).flush();
    expect((await run(['get', 'John', '--tags', 'people,artists'])).code).to.equal(1);
    expect((await run(['get', 'Anne', '--tags', 'people,authors'])).code).to.equal(1);
    expect((await run(['get', 'Book', '--tags', 'authors'])).out).to.equal('hello\n');
  });

  it('after a flush by either, both put and get with the tag again', async () => {
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

  it('both count on one tagged counter, and forget with tags', async () => {
    const { php, theirs, ours, run } = shared();
    await theirs.tags(['people']).put('hits', await php.evaluate('1'), 600);
    expect(await ours.tags(['people']).increment('hits', 2n)).to.equal(3n);
    expect(await theirs.tags(['people']).increment('hits', 4)).to.equal(7);
    expect((await run(['forget', 'hits', '--tags', 'people'])).code).to.equal(0);
    expect(await theirs.tags(['people']).get('hits')).to.deep.equal(MISS);
  });
}
