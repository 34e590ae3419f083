import { expect } from 'chai';

import { maskSecrets, maskUrl } from '../../src/profiles/mask.js';

describe('passwords in output', () => {
  const cases: ReadonlyArray<[url: string, shown: string]> = [
    ['redis://localhost:6379/1?prefix=shop-', 'redis://localhost:6379/1?prefix=shop-'],
    ['redis://user:secret@host:6379/1', 'redis://user:***@host:6379/1'],
    ['rediss://:secret@host', 'rediss://:***@host'],
    ['redis://secret@host', 'redis://***@host'],
    ['redis://user:se:c:ret@host', 'redis://user:***@host'],
    ['redis://user:se@cret@host', 'redis://user:***@host'],
    ['redis://user:se/cret@host/1', 'redis://user:***@host/1'],
    ['redis://user:se?cr=et&a#b@host/1', 'redis://user:***@host/1'],
    ['redis://user:se%40cret@host', 'redis://user:***@host'],
    ['redis://user:se cret"\'<>\\[]{}|^`\u00E9\u{1F511}@host', 'redis://user:***@host'],
    ['redis://user:https://secret@host', 'redis://user:***@host'],
    ['redis://us/er:secret@host', 'redis://***@host'],
    ['redis://user:@host', 'redis://user:***@host'],
    ['redis://user:secret@[::1]:6379', 'redis://user:***@[::1]:6379'],
    ['redis://[::1]:6379/1', 'redis://[::1]:6379/1'],
    ['redis+cluster://u:secret@a:1,b:2/', 'redis+cluster://u:***@a:1,b:2/'],
    ['redis+cluster://a:1,b:2/', 'redis+cluster://a:1,b:2/'],
    ['unix://:secret@/run/redis.sock?db=1', 'unix://:***@/run/redis.sock?db=1'],
    ['redis://:secret', 'redis://:***'],
    ['redis://user:1secret', 'redis://user:***'],
    ['redis://user:se/cret', 'redis://user:***'],
    ['redis://user:se?cr=et#a', 'redis://user:***'],
    ['redis://user:1?secret', 'redis://user:1?***'],
    ['redis://user:1#secret', 'redis://user:1#***'],
    ['redis://h/1?password=se#cr&et', 'redis://h/1?password=***#***'],
    ['redis://h/1?password=se&cret&db=2', 'redis://h/1?password=***&***&db=2'],
    ['redis://h/1?password=se@cr@et&db=2', 'redis://***@***&db=2'],
    ['redis://h/1?password=se?cret', 'redis://h/1?password=***'],
    ['user:secret@host:6379', 'user:***@host:6379'],
    ['redis://h/1?password=secret&db=2', 'redis://h/1?password=***&db=2'],
    ['redis://h/1?sentinelPassword=secret', 'redis://h/1?sentinelPassword=***'],
    ['redis://h/1?locks=redis://:secret@h2/0', 'redis://h/1?locks=redis://:***@h2/0'],
    ['redis://:secret@h/1?locks=redis://u:secret@h2/0', 'redis://:***@h/1?locks=redis://u:***@h2/0'],
    ['redis://h/1?locks=redis%3A%2F%2F%3Asecret%40h2%2F0', 'redis://h/1?locks=redis%3A%2F%2F***%40h2%2F0'],
    ['redis://h/1?other=u%3Asecret%40h2', 'redis://h/1?other=***'],
    ['sqlite:///var/cache.sqlite?prefix=a', 'sqlite:///var/cache.sqlite?prefix=a'],
    ['', ''],
  ];
  for (const [url, shown] of cases) {
    it(`${url} is shown as ${shown}`, () => {
      expect(maskUrl(url)).to.equal(shown);
      expect(maskUrl(shown), 'masked again').to.equal(shown);
    });
  }

  it('are masked in every URL of a text, and nothing else changes', () => {
    expect(
      maskSecrets('copy redis://a:secret@h1/1 to "rediss://:secret@h2:6380/2": refused, mail a@b.example'),
    ).to.equal('copy redis://a:***@h1/1 to "rediss://:***@h2:6380/2": refused, mail a@b.example');
    expect(maskSecrets('connect redis://127.0.0.1:6379: ECONNREFUSED')).to.equal(
      'connect redis://127.0.0.1:6379: ECONNREFUSED',
    );
    expect(maskSecrets('see https://example.org/a?b=c#d.')).to.equal('see https://example.org/a?b=c#d.');
  });
});
