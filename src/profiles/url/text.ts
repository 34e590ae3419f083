import { ConfigError } from '../../errors.js';
import { quote } from '../settings.js';

/** A URL without its scheme. */
export class UrlText {
  readonly #name: string;
  readonly #query: string | undefined;
  readonly beforeQuery: string;

  constructor(name: string, rest: string) {
    this.#name = name;
    const mark = rest.indexOf('?');
    this.beforeQuery = mark === -1 ? rest : rest.slice(0, mark);
    this.#query = mark === -1 ? undefined : rest.slice(mark + 1);
  }

  /** Everything after user and hosts, up to a nested URL. An @ here was meant to be part of a password. */
  get afterHost(): string {
    const { path } = this.#split();
    return `${path}?${this.#query ?? ''}`.replace(/&?\blocks=[^&]*/, '');
  }

  /** `//user:password@hosts/path`. The last @ ends the password, so an @ inside need not be encoded. */
  authority(): { user: ReadonlyArray<readonly [string, string]>; hosts: string; path: string } {
    const { slashes, authority, path } = this.#split();
    if (slashes === '')
      this.fail('has no // after its scheme', 'Write two slashes after the colon: redis://10.0.0.1:6379');
    const at = authority.lastIndexOf('@');
    return { user: at === -1 ? [] : this.#user(authority.slice(0, at)), hosts: authority.slice(at + 1), path };
  }

  /** Split the parameters: the URL with those named, and the others unchanged. */
  parametersAmong(names: ReadonlySet<string>): [ours: UrlText, others: string[]] {
    const parameters = (this.#query ?? '').split('&').filter((part) => part !== '');
    const isOurs = (parameter: string): boolean => names.has(parameter.slice(0, parameter.indexOf('=')));
    const ours = parameters.filter((parameter) => isOurs(parameter));
    return [
      new UrlText(this.#name, `${this.beforeQuery}?${ours.join('&')}`),
      parameters.filter((parameter) => !isOurs(parameter)),
    ];
  }

  /** All parameters, after those found before. Refuses duplicates. */
  query(...found: ReadonlyArray<readonly [string, string]>): ReadonlyMap<string, string> {
    const keys = new Map(found);
    for (const parameter of (this.#query ?? '').split('&').filter((part) => part !== '')) {
      const equals = parameter.indexOf('=');
      if (equals <= 0)
        this.fail('has a parameter that is not name=value', 'Write parameters as ?prefix=shop-&codec=php');
      const given = this.decode(parameter.slice(0, equals));
      const key = given === 'db' ? 'database' : given;
      if (SAID_BY_SCHEME.has(key))
        this.fail(`has the parameter ${key}, which the URL itself already gives`, 'Remove it.');
      if (keys.has(key)) this.fail(`has ${quote(key)} twice`, 'Remove one of the two.');
      keys.set(key, this.decode(parameter.slice(equals + 1)));
    }

    return keys;
  }

  /** A `+` stays a plus sign: this is not a web form. */
  decode(text: string): string {
    try {
      return decodeURIComponent(text);
    } catch {
      return this.fail('has a % that is not part of an encoded character', 'Write %25 for a literal %.');
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

export const ENCODE_HINT = 'In a user or password write %40 for @, %2F for /, %3F for ?, %23 for #, %25 for %.';

const SAID_BY_SCHEME = new Set(['driver', 'url']);
