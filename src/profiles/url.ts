import { ConfigError } from '../errors.js';
import { quote } from './settings.js';

/** What a URL says, under the keys of the profile file. */
export interface UrlParts {
  readonly scheme: string;
  readonly driver: 'array' | 'redis' | 'sqlite';
  readonly keys: ReadonlyMap<string, string>;
  /** Undefined: no TLS. Keys as under `tls`. */
  readonly tls?: ReadonlyMap<string, string>;
}

/**
 * Takes apart `redis://`, `rediss://`, `redis+cluster://`, `redis+sentinel://` (and `rediss+…`), `unix://`,
 * `sqlite:`, `array:` and the bare path of a `.sqlite` or `.db` file. The standard URL class is not used: it
 * knows no lists of hosts, and lowers or encodes what is no web address. Values are not checked here.
 * @param name for messages: `--url redis://user:***@host`, or the place in the file; never a secret
 * @throws ConfigError
 */
export function parseUrl(url: string, name: string): UrlParts {
  const [, scheme, rest] = /^([a-z][a-z\d+-]*):(.*)$/is.exec(url) ?? [];
  if (url.trim() === '') throw new ConfigError(`${name} is empty`, `Begin it with one of: ${SCHEMES}`);
  // One letter is a drive of Windows.
  if (scheme === undefined || rest === undefined || (scheme.length === 1 && BARE_FILE.test(url))) {
    if (BARE_FILE.test(url) && !url.includes('://'))
      return { scheme: 'sqlite', driver: 'sqlite', keys: new Map([['path', url]]) };
    throw new ConfigError(`${name} does not begin with a scheme`, `Begin it with one of: ${SCHEMES}`);
  }

  const parser = PARSERS[scheme.toLowerCase()];
  if (parser === undefined) throw new ConfigError(`${name} has a scheme that is none of ours`, `Schemes: ${SCHEMES}`);
  if (rest.includes('#')) throw new ConfigError(`${name} holds a #`, 'Write %23 for a # that is part of a value.');
  return { scheme: scheme.toLowerCase(), ...parser(new Text(name, rest)) };
}

const BARE_FILE = /\.(?:sqlite3?|db)$/i;
const SCHEMES =
  'redis://, rediss:// (TLS), redis+cluster://, redis+sentinel://, unix:// (a Redis socket), sqlite:, array:';
const SAID_BY_SCHEME = new Set(['driver', 'url']);
const TLS_KEYS = new Set(['ca', 'cert', 'key', 'verify']);

type Parts = Omit<UrlParts, 'scheme'>;

const PARSERS: Readonly<Record<string, (text: Text) => Parts>> = Object.assign(Object.create(null), {
  array: parseArray,
  redis: parseRedis('server'),
  rediss: withTls(parseRedis('server')),
  'redis+cluster': parseRedis('cluster'),
  'rediss+cluster': withTls(parseRedis('cluster')),
  'redis+sentinel': parseRedis('sentinels'),
  'rediss+sentinel': withTls(parseRedis('sentinels')),
  sqlite: parseSqlite,
  unix: parseUnix,
});

function parseArray(text: Text): Parts {
  if (text.beforeQuery.replace(/^\/\//, '') !== '') text.fail('has something after the scheme', 'Write array: alone.');
  return { driver: 'array', keys: text.query() };
}

function parseSqlite(text: Text): Parts {
  const { beforeQuery } = text;
  if (/^\/\/(?!\/)/.test(beforeQuery)) {
    text.fail(
      'has a host',
      'Write sqlite:cache.sqlite for a file here, sqlite:///var/cache.sqlite for an absolute path.',
    );
  }

  // On Windows sqlite:///C:/cache.sqlite is the file C:/cache.sqlite.
  const file = text.decode(beforeQuery.replace(/^\/\//, '')).replace(/^\/(?=[a-z]:[/\\])/i, '');
  if (file === ':memory:') text.fail('keeps nothing', 'Use array: for a cache that is gone with the process.');
  return { driver: 'sqlite', keys: text.query(['path', file]) };
}

function parseUnix(text: Text): Parts {
  const { user, hosts, path } = text.authority();
  if (hosts !== '') text.fail('has a host', 'Write unix:///path/to/redis.sock, with three slashes.');
  return { driver: 'redis', keys: text.query(...user, ['socket', text.decode(path)]) };
}

function parseRedis(kind: 'cluster' | 'sentinels' | 'server'): (text: Text) => Parts {
  return (text) => {
    const { user, hosts, path } = text.authority();
    if (text.afterHost.includes('@')) text.fail('has an @ after its host', ENCODE_HINT);
    if (hosts === '') text.fail('names no host', 'Name one: redis://127.0.0.1:6379');
    const place = kind === 'server' ? hostAndPort(text, hosts) : [[kind, hosts] as const];
    const database = text.decode(path.slice(1));
    const inPath = database === '' ? [] : [['database', database] as const];
    return { driver: 'redis', keys: text.query(...user, ...place, ...inPath) };
  };
}

function withTls(parse: (text: Text) => Parts): (text: Text) => Parts {
  return (text) => {
    const parts = parse(text);
    const all = [...parts.keys];
    return {
      ...parts,
      keys: new Map(all.filter(([key]) => !TLS_KEYS.has(key))),
      tls: new Map(all.filter(([key]) => TLS_KEYS.has(key))),
    };
  };
}

const ENCODE_HINT = 'In a user or password write %40 for @, %2F for /, %3F for ?, %23 for #, %25 for %.';

function hostAndPort(text: Text, authority: string): ReadonlyArray<readonly [string, string]> {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d*))?$/.exec(authority) ?? [];
  const host = text.decode(bracketed ?? plain ?? '');
  if (host === '') text.fail('has no host and port that can be told', `${ENCODE_HINT} An IPv6 host stands in [ ].`);
  return port
    ? [
        ['host', host],
        ['port', port],
      ]
    : [['host', host]];
}

/** The URL after its scheme. */
class Text {
  readonly #name: string;
  readonly #query: string | undefined;
  readonly beforeQuery: string;

  constructor(name: string, rest: string) {
    this.#name = name;
    const mark = rest.indexOf('?');
    this.beforeQuery = mark === -1 ? rest : rest.slice(0, mark);
    this.#query = mark === -1 ? undefined : rest.slice(mark + 1);
  }

  /** All but user and hosts, up to a URL within it. An @ here is one that was meant to be in a password. */
  get afterHost(): string {
    const { path } = this.#split();
    return `${path}?${this.#query ?? ''}`.replace(/&?\blocks=[^&]*/, '');
  }

  /** `//user:password@hosts/path`. The last @ ends the password, so that one within need not be encoded. */
  authority(): { user: ReadonlyArray<readonly [string, string]>; hosts: string; path: string } {
    const { slashes, authority, path } = this.#split();
    if (slashes === '') this.fail('has no // after its scheme', 'Write it as redis://host:port');
    const at = authority.lastIndexOf('@');
    return { user: at === -1 ? [] : this.#user(authority.slice(0, at)), hosts: authority.slice(at + 1), path };
  }

  /** The parameters, after what was found before them. None may be there twice. */
  query(...found: ReadonlyArray<readonly [string, string]>): ReadonlyMap<string, string> {
    const keys = new Map(found);
    for (const parameter of (this.#query ?? '').split('&').filter((part) => part !== '')) {
      const equals = parameter.indexOf('=');
      if (equals <= 0)
        this.fail('has a parameter that is not name=value', 'Write parameters as ?prefix=shop-&codec=php');
      const given = this.decode(parameter.slice(0, equals));
      const key = given === 'db' ? 'database' : given;
      if (SAID_BY_SCHEME.has(key)) this.fail(`has the parameter ${key}`, 'Take it out: the URL itself says that.');
      if (keys.has(key)) this.fail(`says ${quote(key)} twice`, 'Say it once.');
      keys.set(key, this.decode(parameter.slice(equals + 1)));
    }

    return keys;
  }

  /** A `+` stays one: this is no web form. */
  decode(text: string): string {
    try {
      return decodeURIComponent(text);
    } catch {
      return this.fail('has a % that begins no encoded character', 'Write %25 for a % itself.');
    }
  }

  fail(problem: string, hint: string): never {
    throw new ConfigError(`${this.#name} ${problem}`, hint);
  }

  #split(): { slashes: string; authority: string; path: string } {
    const [, slashes = '', authority = '', path = ''] = /^(\/\/)?([^/]*)(.*)$/s.exec(this.beforeQuery) ?? [];
    return { slashes, authority, path };
  }

  #user(text: string): ReadonlyArray<readonly [string, string]> {
    const colon = text.indexOf(':');
    const username = this.decode(colon === -1 ? text : text.slice(0, colon));
    const password = colon === -1 ? '' : this.decode(text.slice(colon + 1));
    return [
      ...(username === '' ? [] : [['username', username] as const]),
      ...(password === '' ? [] : [['password', password] as const]),
    ];
  }
}
