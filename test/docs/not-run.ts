const FROM_REGISTRY = 'needs the npm registry; test/install installs the tarball';
const TARBALL = 'test/install/global.test.ts installs the tarball';
const CLONE = 'builds or installs the clone itself';
const BENCH = 'takes minutes; npm run bench is for people';
const KEYS = 'keys that are pressed; test/commands/completion.test.ts presses them';

/** Commands of the pages that are not run, with the reason. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  'npm install --global cachectl': FROM_REGISTRY,
  'npm install --save-dev ./cachectl-0.1.0.tgz': TARBALL,
  'npm install -g ./cachectl-0.1.0.tgz': TARBALL,
  'npm install -g --ignore-scripts ./cachectl-0.1.0.tgz': TARBALL,
  'npm uninstall -g cachectl': FROM_REGISTRY,
  'npm rebuild better-sqlite3 --prefix /usr/local/lib/node_modules/cachectl': FROM_REGISTRY,
  'git clone REPOSITORY cachectl && cd cachectl': CLONE,
  'sh scripts/install.sh': CLONE,
  'sh scripts/try.sh': CLONE,
  'npm link': CLONE,
  'npm pack': CLONE,
  'npm run build': CLONE,
  'npm run build:standalone': CLONE,
  'npm run bench': BENCH,
  'npm run bench -- flush tags': BENCH,
  'npm run bench -- flush-redis --entries 100k': BENCH,
  'npm run bench -- scale': BENCH,
  'npm run bench -- scale --entries 10M': BENCH,
  'npm run bench -- cluster': BENCH,
  'npm run bench -- --list': BENCH,
  'npm run bench -- --markdown': BENCH,
  'cachectl lock:<Tab>': KEYS,
  'cachectl get users:<Tab>': KEYS,
  'cachectl lock show dep<Tab>': KEYS,
  'cachectl put a 1': 'needs a Node without SQLite; test/install/global.test.ts has one',
  'cachectl put video --file video.mp4': 'needs more than 128 MiB; test/commands/endless-input.test.ts has that',
  "CACHECTL_TESTS=all npx mocha 'test/faults/commands/redis.test.ts' --parallel=false": 'takes five minutes',
  'cachectl profile:init': 'asks questions; test/commands/profile-init.test.ts answers them',
};
