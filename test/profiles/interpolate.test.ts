import { expect } from 'chai';

import { Folder } from './folder.js';

describe('variables in a profile file', () => {
  let folder: Folder;

  beforeEach(() => {
    folder = new Folder();
  });

  afterEach(() => folder.remove());

  const prefixOf = async (prefix: string, env: NodeJS.ProcessEnv = {}) =>
    (await folder.of(`profiles:\n  a:\n    driver: sqlite\n    path: a\n    prefix: ${prefix}\n`, { env })).prefix;

  it('are replaced, alone, within text, and several at once', async () => {
    const env = { APP: 'shop', STAGE: 'live' };
    expect(await prefixOf('${APP}', env)).to.equal('shop');
    expect(await prefixOf('x-${APP}-${STAGE}-', env)).to.equal('x-shop-live-');
    expect(await prefixOf('"${APP}\\t"', env)).to.equal('shop\t');
    expect(await prefixOf("'${APP}'", env)).to.equal('shop');
  });

  it('can have a default, used if they are unset or empty', async () => {
    expect(await prefixOf('${APP:-shop}-')).to.equal('shop-');
    expect(await prefixOf('${APP:-shop}-', { APP: '' })).to.equal('shop-');
    expect(await prefixOf('${APP:-shop}-', { APP: 'blog' })).to.equal('blog-');
    expect(await prefixOf('"${APP:-}"')).to.equal('');
    expect(await prefixOf('${APP:-a:-b{c}')).to.equal('a:-b{c');
  });

  it('can be unquoted inside { } and [ ]', async () => {
    const env = { SHOP: 'redis://h/1', LOCK: 'redis://l/2', NODE: 'n:1' };
    const flow = 'profiles: { a: { driver: redis, url: ${SHOP}, locks: { url: ${LOCK} } } }';
    expect(await folder.of(flow, { env })).to.deep.include({
      locks: { kind: 'server', nodes: [{ host: 'l', port: 6379 }], database: 2 },
    });
    const list = 'profiles: { a: { driver: redis, cluster: [${NODE}, "${OTHER:-o}:2"] } }';
    expect(await folder.of(list, { env })).to.have.nested.property('connection.nodes[1].host', 'o');
  });

  it('are not replaced inside their values', async () => {
    expect(await prefixOf('${A}', { A: '${B}', B: 'no' })).to.equal('${B}');
    expect(await prefixOf('${A}', { A: '$$' })).to.equal('$$');
    expect(await prefixOf('${A}', { A: '"\n  driver: redis' })).to.equal('"\n  driver: redis');
  });

  it('keep $$ as a dollar sign, and a $ without a brace', async () => {
    expect(await prefixOf('$${APP}', { APP: 'no' })).to.equal('${APP}');
    expect(await prefixOf('{ a: $$${APP} }'.slice(5, -2), { APP: 'yes' })).to.equal('$yes');
    expect(await prefixOf('pa$word$', {})).to.equal('pa$word$');
    expect(await prefixOf('$APP', { APP: 'no' })).to.equal('$APP');
  });

  it('that are missing are named with file, line, key and profile', async () => {
    const yaml = 'profiles:\n  shop:\n    driver: redis\n    url: ${SHOP_REDIS_URL}\n';
    expect(await folder.failureOf(yaml)).to.deep.equal({
      message: 'cachectl.yaml:4: url of profile shop: the environment variable SHOP_REDIS_URL is not set',
      hint: 'Set SHOP_REDIS_URL, or give a default: ${SHOP_REDIS_URL:-default}',
    });
    const nested = 'profiles:\n  shop:\n    driver: redis\n    host: h\n    locks:\n      password: ${PW}\n';
    expect((await folder.failureOf(nested)).message).to.equal(
      'cachectl.yaml:6: password of locks of profile shop: the environment variable PW is not set',
    );
    expect(
      (await folder.failureOf('default: ${WHICH}\nprofiles: { a: { driver: sqlite, path: a } }')).message,
    ).to.equal('cachectl.yaml:1: default: the environment variable WHICH is not set');
    expect((await folder.failureOf(yaml.replace('SHOP_REDIS_URL', 'constructor'))).message).to.contain(
      'constructor is',
    );
  });

  it('are required in the chosen profile only', async () => {
    const yaml = 'profiles:\n  live: { driver: redis, url: ${NOT_SET} }\n  here: { driver: sqlite, path: a }\n';
    expect(await folder.of(yaml, { profile: 'here' })).to.have.property('name', 'here');
  });

  it('with invalid syntax are refused', async () => {
    for (const text of ['${}', '${1A}', '${A-b}', '${A:?b}', '${A:-${B}}', '${A', '${ A }', '${A:+b}']) {
      const { message, hint } = await folder.failureOf(`profiles:\n  a:\n    driver: sqlite\n    prefix: '${text}'\n`);
      expect(message).to.equal(
        'cachectl.yaml:4: prefix of profile a: a ${ that is not part of ${NAME} or ${NAME:-default}',
      );
      expect(hint).to.contain('$$');
    }
  });

  it('can hold booleans and numbers', async () => {
    const yaml =
      'profiles:\n  a:\n    driver: redis\n    host: h\n    port: ${P}\n    database: ${D}\n    protected: ${X}\n';
    const profile = await folder.of(yaml, { env: { P: '6380', D: '3', X: 'True' } });
    expect(profile).to.have.nested.property('connection.nodes[0].port', 6380);
    expect(profile).to.have.nested.property('connection.database', 3);
    expect(profile).to.have.property('protected', true);
  });

  it('never reveal their values or defaults', async () => {
    const secret = 'hunter2';
    const lines = [
      'port: ${S}',
      'database: ${S}',
      'protected: ${S}',
      'codec: ${S}',
      'tls: ${S}',
      'url: ${S}',
      'url: redis://:${S}',
      'url: redis://u:${S}@h/x',
      'url: redis://u:p/${S}@h',
      'url: redis://u:p?${S}=1@h',
      'url: ${NONE:-hunter2}',
      'url: redis://${NONE:-u:hunter2}@h/x',
      'cluster: ["${S}:0"]',
      'sentinels: "${S}"',
      'locks: ${S}',
      'locks: { url: "redis://h?password=${S}#" }',
      'password: [${S}]',
      'username: { x: ${S} }',
      'socket: { x: ${S} }',
      'table: ${S}',
      'driver2: ${S}',
    ];
    for (const line of lines) {
      const place = /^(?:url|cluster|sentinels|socket)/.test(line) ? '' : 'host: h\n    ';
      const yaml = `profiles:\n  a:\n    driver: redis\n    ${place}${line}\n`;
      const { message, hint } = await folder.failureOf(yaml, { env: { S: secret } });
      expect(message + hint, line).not.to.contain(secret);
    }

    const { message, hint } = await folder.failureOf('default: ${S}\nprofiles: { a: { driver: sqlite, path: a } }', {
      env: { S: secret },
    });
    expect(message + hint).not.to.contain(secret);
  });
});
