// Which file may import which; imports of types count too. docs/architecture.md draws it. `npm run lint` checks it.

/** From top to bottom: each layer imports only layers below it. */
const LAYERS = ['commands', 'features', 'runtime', 'terminal', 'testing', 'stores', 'profiles', 'codecs'];

const DRIVERS = 'redis|memcached|mongodb|mysql|postgres|sqlite|file|custom';

/** Topics that build on other topics. Every other topic stands alone. */
const BUILDS_ON = {
  flush: 'inspect|locks',
  inspect: 'locks|remember',
  keys: 'inspect',
  locks: 'events|keys',
  remember: 'entries|locks',
  top: 'events',
};

const layers = LAYERS.slice(1).map((layer, index) => ({
  name: `${layer}-imports-down`,
  comment: `Imports point down: ${LAYERS.join(' > ')}.`,
  severity: 'error',
  from: { path: `^src/${layer}/` },
  to: { path: `^src/(?:${LAYERS.slice(0, index + 1).join('|')})/` },
}));

const topics = Object.entries(BUILDS_ON).map(([topic, others]) => ({
  name: `${topic}-builds-on-${others.replace('|', '-and-')}`,
  severity: 'error',
  from: { path: `^src/features/${topic}/` },
  to: { path: '^src/features/', pathNot: `^src/features/(?:${topic}|${others})/` },
}));

export default {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    ...layers,
    ...topics,
    {
      name: 'topics-stand-alone',
      comment: 'A topic that builds on another is listed in BUILDS_ON.',
      severity: 'error',
      from: { path: '^src/features/([^/]+)/', pathNot: `^src/features/(?:${Object.keys(BUILDS_ON).join('|')})/` },
      to: { path: '^src/features/', pathNot: '^src/features/$1/' },
    },
    {
      name: 'contract-knows-no-implementation',
      severity: 'error',
      from: { path: '^src/stores/contract/' },
      to: { path: '^src/stores/', pathNot: '^src/stores/contract/' },
    },
    {
      name: 'a-driver-is-private',
      comment: 'src/stores/open.ts opens a driver; nothing else imports its files.',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/stores/(?:(?:${DRIVERS})/|open\\.ts$)` },
      to: { path: `^src/stores/(?:${DRIVERS})/` },
    },
    {
      name: 'drivers-stand-alone',
      severity: 'error',
      from: { path: `^src/stores/(${DRIVERS})/` },
      to: { path: `^src/stores/(?:${DRIVERS})/`, pathNot: '^src/stores/$1/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    includeOnly: '^src/',
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
  },
};
