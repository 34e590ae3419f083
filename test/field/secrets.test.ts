import { expect } from 'chai';
import * as fc from 'fast-check';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { expectPasswordHidden, runWatched } from '../support/hidden-password.js';
import { freePort, type RedisServer, startRedis } from '../support/redis-server.js';
import { scratchFolder } from '../support/scratch.js';

/** Runs of the program. Set CACHECTL_SECRETS_RUNS for more, and CACHECTL_SECRETS_SEED for others. */
const RUNS = Number(process.env.CACHECTL_SECRETS_RUNS ?? 25);
const SEED = Number(process.env.CACHECTL_SECRETS_SEED ?? 20_261_130);

describe(`passwords (seed ${SEED}, ${RUNS} runs)`, () => {
  const folder = path.join(scratchFolder('secrets'), 'project');
  let redis: RedisServer;
  let closedPort = 0;

  before(async function () {
    redis = await startRedis(this, '--requirepass', 'test');
    closedPort = await freePort();
  });

  after(async () => redis?.stop());

  it('are in no output, process title or child, whatever goes wrong', async function () {
    this.timeout(0);
    const codes = new Map<number | null, number>();
    await fc.assert(
      fc.asyncProperty(scenarios, async ({ secret, fate, ...scenario }) => {
        const accepted = fate === 'accepted' ? secret.text : 'another';
        await redis.client.call('ACL', 'SETUSER', 'ann', 'reset', 'on', `>${accepted}`, '~*', '&*', '+@all');
        const host = fate === 'wrong host' ? 'none.invalid' : '127.0.0.1';
        const port = fate === 'refused' ? closedPort : redis.port;
        const given = FORMS[scenario.form]!(secret.text, { ...scenario, authority: `${host}:${port}`, host, port });
        const code = await expectHidden(folder, secret, scenario, given);
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    );
    expect(codes.has(0), 'some succeed').to.equal(true);
    if (process.env.CACHECTL_SECRETS_RUNS) process.stderr.write(`      exit codes ${JSON.stringify([...codes])}\n`);
  });

  it('that Redis accepts are shown nowhere', async () => {
    const password = 'correct horse 7 battery';
    await redis.client.call('ACL', 'SETUSER', 'ann', 'reset', 'on', `>${password}`, '~*', '&*', '+@all');
    const place = ['driver: redis', 'host: 127.0.0.1', `port: ${redis.port}`, 'username: ann'];
    await expectPasswordHidden(place, password);
  }).timeout(240_000);
});

interface Secret {
  readonly text: string;
  /** The parts of it that must not appear. */
  readonly words: readonly string[];
}

interface Scenario {
  readonly form: string;
  readonly driver: keyof typeof SCHEMES;
  readonly command: number;
  readonly isJson: boolean;
  readonly debug: string;
}

interface Place extends Scenario {
  readonly authority: string;
  readonly host: string;
  readonly port: number;
}

/** How a password gets to the program. */
interface Given {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The file `cachectl.yaml`. */
  readonly yaml?: string;
  readonly files?: Readonly<Record<string, string>>;
}

const SCHEMES = {
  memcached: 'memcached',
  mongodb: 'mongodb',
  mysql: 'mysql',
  postgres: 'postgres',
  redis: 'redis',
} as const;

/** Words joined by what splits an unencoded URL or an unquoted YAML text. */
const secrets: fc.Arbitrary<Secret> = fc
  .tuple(
    fc.array(fc.stringMatching(/^[A-Za-z]{5}\d[a-z]{5}$/), { minLength: 1, maxLength: 3 }),
    fc.constantFrom(...'@:/?#%& +,;*!|>\\\'"^`~{}[]()<ž\u{1F511}'),
  )
  .map(([words, between]) => ({ text: words.join(between), words }));

const shopFile = (fields: string): string => `default: shop\nprofiles:\n  shop:\n${fields}`;
const yamlText = (text: string): string => JSON.stringify(text);
const encoded = (secret: string, { driver, authority }: Place): string =>
  `${SCHEMES[driver]}://ann:${encodeURIComponent(secret)}@${authority}/${driver === 'memcached' ? '' : '0'}`;
const fieldsOf = ({ driver, host, port }: Place): string => {
  const where = { memcached: `servers: ["${host}:${port}"]`, mongodb: `hosts: "${host}:${port}"\n    database: d` };
  return `    driver: ${driver}\n    username: ann\n    ${where[driver as 'mongodb'] ?? `host: ${host}\n    port: ${port}\n    database: ${driver === 'redis' ? 0 : 'd'}`}\n`;
};

const FORMS: Readonly<Record<string, (secret: string, place: Place) => Given>> = {
  field: (secret, place) => ({ yaml: shopFile(`${fieldsOf(place)}    password: ${yamlText(secret)}\n`) }),
  'a field, unquoted': (secret, place) => ({ yaml: shopFile(`${fieldsOf(place)}    password: ${secret}\n    x\n`) }),
  'a field that begins with a special character': (secret, place) => ({
    yaml: shopFile(`${fieldsOf(place)}    password: ${'*&!@%`{[|>"\'-'[secret.length % 13]!}${secret}\n`),
  }),
  'a field of the wrong place': (secret, place) => ({
    yaml: shopFile(`${fieldsOf(place)}    port: {password: ${yamlText(secret)}}\n`),
  }),
  'a variable in a field': (secret, place) => ({
    yaml: shopFile(`${fieldsOf(place)}    password: \${SECRET}\n`),
    env: { SECRET: secret },
  }),
  'a default of a variable': (secret, place) => ({
    yaml: shopFile(`${fieldsOf(place)}    password: ${yamlText(`\${SECRET:-${secret.replaceAll(/[{}]/g, '')}}`)}\n`),
  }),
  passwordCommand: (secret, place) => ({
    yaml: shopFile(`${fieldsOf(place)}    passwordCommand: [cat, secret]\n`),
    files: { secret },
  }),
  'a passwordCommand that fails': (secret, place) => ({
    yaml: shopFile(`${fieldsOf(place)}    passwordCommand: "cat secret; cat secret >&2; exit 1"\n`),
    files: { secret },
  }),
  sentinelPassword: (secret, { host, port }) => ({
    yaml: shopFile(
      `    driver: redis\n    sentinels: ["${host}:${port}"]\n    primary: m\n    sentinelPassword: ${yamlText(secret)}\n`,
    ),
  }),
  'behind ssh': (secret, place) => ({
    yaml: shopFile(
      `${fieldsOf(place)}    password: ${yamlText(secret)}\n    ssh: {destination: ann@127.0.0.1, port: 1}\n`,
    ),
  }),
  'locks elsewhere': (secret, { host, port }) => ({
    yaml: shopFile(
      `    driver: redis\n    host: ${host}\n    port: ${port}\n    locks: {host: ${host}, password: ${yamlText(secret)}}\n`,
    ),
  }),
  'a URL in a file': (secret, place) => ({
    yaml: shopFile(`    driver: ${place.driver}\n    url: ${yamlText(encoded(secret, place))}\n`),
  }),
  'a variable with a URL': (secret, place) => ({
    yaml: shopFile(`    driver: ${place.driver}\n    url: \${STORE_URL}\n`),
    env: { STORE_URL: encoded(secret, place) },
  }),
  CACHECTL_URL: (secret, place) => ({ env: { CACHECTL_URL: encoded(secret, place) } }),
  '--url': (secret, place) => ({ args: ['--url', encoded(secret, place)] }),
  'a parameter': (secret, { authority }) => ({
    env: { CACHECTL_URL: `redis://${authority}/0?password=${encodeURIComponent(secret)}&prefix=a` },
  }),
  'an unencoded URL': (secret, { driver, authority }) => ({
    env: { CACHECTL_URL: `${SCHEMES[driver]}://ann:${secret}@${authority}/0` },
  }),
  'an unencoded parameter': (secret, { authority }) => ({
    env: { CACHECTL_URL: `redis://${authority}/0?prefix=a&password=${secret}` },
  }),
  // After an @, the host would follow.
  'a URL without a host': (secret, { driver }) => ({
    env: { CACHECTL_URL: `${SCHEMES[driver]}://ann:${secret.replaceAll('@', '#')}` },
  }),
  'a URL of an unknown scheme': (secret, { authority }) => ({ args: ['--url', `radis://ann:${secret}@${authority}`] }),
  'a URL without a scheme': (secret, { authority }) => ({ env: { CACHECTL_URL: `ann:${secret}@${authority}` } }),
  'a Laravel application': (secret, { host, port }) => ({
    args: ['--laravel', '.'],
    files: { '.env': `CACHE_STORE=redis\nREDIS_HOST=${host}\nREDIS_PORT=${port}\nREDIS_PASSWORD='${secret}'\n` },
  }),
};

const COMMANDS: ReadonlyArray<readonly string[]> = [
  ['get', 'k'],
  ['put', 'k', 'v'],
  ['keys'],
  ['stats'],
  ['doctor'],
  ['lock:run', 'job', '--', 'env'],
  ['events:tail', '--for', '1s'],
  ['profile:show'],
  ['profile:list'],
  ['profile:check'],
];

const scenarios = fc.record({
  secret: secrets,
  fate: fc.constantFrom('accepted', 'refused', 'wrong host', 'wrong password'),
  form: fc.constantFrom(...Object.keys(FORMS)),
  driver: fc.oneof(
    { arbitrary: fc.constant('redis' as const), weight: 2 },
    fc.constantFrom('memcached' as const, 'mongodb' as const, 'mysql' as const, 'postgres' as const),
  ),
  command: fc.nat(COMMANDS.length - 1),
  isJson: fc.boolean(),
  debug: fc.constantFrom('', '*'),
});

/** Run a command, and look everywhere for the secret. @returns its exit code */
async function expectHidden(folder: string, secret: Secret, scenario: Scenario, given: Given): Promise<null | number> {
  rmSync(folder, { force: true, recursive: true });
  mkdirSync(folder);
  const { args = [], env = {}, yaml, files = {} } = given;
  for (const [name, text] of Object.entries(yaml === undefined ? files : { ...files, 'cachectl.yaml': yaml })) {
    writeFileSync(path.join(folder, name), text, { mode: 0o600 });
  }

  const [name, ...rest] = COMMANDS[scenario.command]!;
  // A child gets the caller's environment.
  if (name === 'lock:run' && Object.keys(env).length > 0) rest.splice(-1, 1, 'true');
  const flags = [...args, ...(scenario.isJson && name !== 'lock:run' ? ['--json'] : []), '--timeout', '1s'];
  const ran = await runWatched([name!, ...flags, ...rest], { cwd: folder, env: { ...env, DEBUG: scenario.debug } });
  const { code, out, err, titles } = ran;
  const seen = { 'standard output': out, 'standard error': err, 'a process title': titles.join('\n') };
  for (const [where, text] of Object.entries(seen)) {
    if (where === 'a process title' && args.includes('--url')) continue;
    const shown = secret.words.find((word) => text.includes(word));
    if (shown !== undefined) {
      const line = text.split('\n').find((each) => each.includes(shown));
      expect.fail(`${name!} shows ${shown} of ${JSON.stringify(given)} in ${where}: ${line}\n${err}`);
    }
  }

  return code;
}
