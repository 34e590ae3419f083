import type { Profile } from '../../profiles/profile.js';
import type { ListSetting, ScalarSetting, Setting } from '../../profiles/settings.js';
import type { StatedProfile } from '../../profiles/stated.js';
import type { Column } from '../../terminal/list.js';

import { isKeyOf, withUrlExpanded } from '../../profiles/drivers.js';
import { variablesIn } from '../../profiles/file/interpolate.js';
import { maskUrl } from '../../profiles/mask.js';
import { isSecret } from '../../profiles/settings.js';

/** A setting of a profile, with secrets masked. */
export interface ShownSetting {
  /** Of nested keys with dots: `locks.database`. */
  readonly key: string;
  readonly value: boolean | number | string | string[];
  /** `cachectl.yaml:7`, `.env:3 (REDIS_HOST)`, `--url`, `default`. */
  readonly source: string;
  /** The variables of the environment that it contains. */
  readonly variables?: string[];
}

export const settingColumns: ReadonlyArray<Column<ShownSetting>> = [
  { name: 'key', value: ({ key }) => key, title: 'KEY' },
  { name: 'value', value: ({ value }) => value, title: 'VALUE', text: ({ value }) => String(value) || 'none' },
  { name: 'source', value: ({ source }) => source, title: 'SOURCE' },
];

/**
 * All settings of a profile: those that are stated, then the defaults.
 * @param urlBy the flag or variable that holds the URL
 */
export async function shownSettings(
  stated: StatedProfile,
  profile: Profile,
  { env, urlBy }: { readonly env: NodeJS.ProcessEnv; readonly urlBy: string | undefined },
): Promise<readonly ShownSetting[]> {
  const effective = scalarsOf(profile);
  const isHidden = await secretsOf(profile);
  const { entries } = withUrlExpanded(stated.fields);
  const settings = [...entries].flatMap(([key, setting]) =>
    [...flat(key, setting)].map(([path, each]): ShownSetting => {
      const variables = each.shown === undefined ? [] : variablesIn(each.shown, env);
      const value = effective.get(path) ?? valueOf(each);
      return {
        key: path,
        value: isHidden(path) ? hiddenValue(path, each) : BASTION.test(path) ? value : unsecret(value),
        source: sourceOf(each, variables, urlBy),
        ...(variables.length > 0 && { variables: variables.map(({ name }) => name) }),
      };
    }),
  );
  const defaults = [...effective]
    .filter(([key]) => isKeyOf(profile.driver, key) && !entries.has(key) && !isHidden(key) && key !== 'url')
    .map(([key, value]) => ({ key, value, source: 'default' }));
  // Settings from a URL come before it.
  settings.sort((a, b) => Number(b.key === 'driver') - Number(a.key === 'driver'));
  return [...settings, ...defaults];
}

type Scalar = boolean | number | string;
type Leaf = ScalarSetting & { readonly items?: readonly ScalarSetting[] };

/** A setting's values, by their path. */
function* flat(path: string, setting: Setting): Generator<readonly [path: string, leaf: Leaf]> {
  if (setting.kind === 'map') for (const [key, each] of setting.entries) yield* flat(`${path}.${key}`, each);
  else yield [path, setting.kind === 'list' ? asLeaf(setting) : setting];
}

function asLeaf({ items, where }: ListSetting): Leaf {
  const scalars = items.filter((item): item is ScalarSetting => item.kind === 'scalar');
  const shown = scalars.map((item) => item.shown ?? '').join(' ');
  return { kind: 'scalar', value: null, shown, where, items: scalars };
}

function valueOf({ value, items }: Leaf): Scalar | string[] {
  if (items !== undefined) return items.map((item) => String(item.value));
  return typeof value === 'bigint' ? Number(value) : (value ?? '');
}

/** The user of a bastion looks like the login in a URL, and has no password. */
const BASTION = /^ssh(?:\.destination)?$/;

const MASK = '***';

function hiddenValue(path: string, { value, items }: Leaf): string {
  if (!path.endsWith('passwordCommand')) return MASK;
  // The arguments may hold a secret, too.
  const [program, ...others] = items?.map((item) => String(item.value)) ?? String(value).split(' ');
  return others.length === 0 ? program! : `${program} ${MASK}`;
}

function unsecret(value: Scalar | string[]): Scalar | string[] {
  if (typeof value === 'object') return value.map((item) => maskUrl(item));
  return typeof value === 'string' ? maskUrl(value) : value;
}

function sourceOf(
  { where, isParameter }: Leaf,
  variables: ReturnType<typeof variablesIn>,
  urlBy: string | undefined,
): string {
  if (where === 'the URL') return urlBy ?? where;
  const notes = [
    ...(isParameter ? ['url'] : []),
    ...variables
      .filter(({ name }) => !where.includes(name))
      .map(({ name, isDefaulted }) => (isDefaulted ? `default of ${name}` : name)),
  ];
  return notes.length === 0 ? where : `${where} (${notes.join(', ')})`;
}

/** The settings that are one value each, under the keys of a profile. */
function scalarsOf(profile: Profile): ReadonlyMap<string, Scalar> {
  const connection = profile.driver === 'redis' ? profile.connection : {};
  const all: ReadonlyArray<[string, unknown]> = Object.entries({ ...profile, ...connection });
  return new Map(all.filter((pair): pair is [string, Scalar] => /^(?:boolean|number|string)$/.test(typeof pair[1])));
}

/** Whether the value under a path must not be shown. */
async function secretsOf(profile: Profile): Promise<(path: string) => boolean> {
  const declared = new Set<string>();
  if (profile.driver === 'custom') {
    const { loadDriver } = await import('../../profiles/drivers/load-module.js');
    const { options } = await loadDriver(profile.moduleUrl, `driver ${profile.module}`);
    for (const [key, { secret }] of Object.entries(options)) if (secret) declared.add(key);
  }

  return (path) => isSecret(path.slice(path.lastIndexOf('.') + 1)) || SOUNDS_SECRET.test(path) || declared.has(path);
}

const SOUNDS_SECRET = /pass(?!wordCommand)|pwd|secret|token|credential/i;
