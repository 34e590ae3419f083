import { statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

import type { Driver, OptionSpec } from '../../define-driver.js';
import type { CustomProfile, DriverOption } from '../profile.js';

import { ConfigError } from '../../errors.js';
import { systemReason } from '../../system-errors.js';
import { Fields, type Folders } from '../fields.js';
import { requireTrusted } from '../file/trust.js';
import { quote, type Setting } from '../settings.js';
import { COMMON_KEYS, readCommon } from './common.js';
import { findPackage, looksLikePackage, looksLikePath } from './find-module.js';
import { loadDriver } from './load-module.js';

/**
 * A custom driver: the file or package that `driver` names, and the keys that it declares. Loads its module.
 * Undefined if `driver` is no path and no such package is installed, so it may be a typo.
 * @throws ConfigError
 */
export async function readCustom(name: string, fields: Fields, folders: Folders): Promise<CustomProfile | undefined> {
  const module = fields.filled('driver')!;
  const subject = `${fields.entries.get('driver')!.where}: driver ${quote(module)} of ${fields.subject}`;
  const moduleUrl = looksLikePath(module)
    ? fileUrl(fields.path('driver', folders)!, subject)
    : packageUrl(module, folders, subject);
  if (moduleUrl === undefined) return undefined;
  requireTrusted(folders.foundFile, 'its driver module is not loaded');
  const driver = await loadDriver(moduleUrl, subject);
  fields.only([...COMMON_KEYS, ...Object.keys(driver.options)], `Keys of driver ${driver.name}`);
  const common = readCommon(name, fields);
  return { driver: 'custom', ...common, module, moduleUrl, options: readOptions(driver, fields, folders) };
}

function fileUrl(file: string, subject: string): string {
  const fault = faultOfFile(file);
  if (fault === undefined) return pathToFileURL(file).href;
  throw new ConfigError(
    `${subject} cannot be read: ${fault}`,
    'Give the path of the module, relative to the folder of the profile file.',
  );
}

function faultOfFile(file: string): string | undefined {
  try {
    return statSync(file).isDirectory() ? 'it is a folder' : undefined;
  } catch (error) {
    return systemReason(error);
  }
}

function packageUrl(module: string, { base }: Folders, subject: string): string | undefined {
  const found = findOrTell(module, base, subject);
  if (found !== undefined || !looksLikePackage(module)) return found;
  throw new ConfigError(
    `${subject} is a package that is not installed`,
    'Install it beside the profile file, or globally beside cachectl. A path begins with ./',
  );
}

function findOrTell(module: string, base: string, subject: string): string | undefined {
  try {
    return findPackage(module, base);
  } catch (error) {
    const [reason] = (error as Error).message.split('\n', 1);
    throw new ConfigError(
      `${subject} is a package that cannot be loaded: ${reason}`,
      'Reinstall it, or name a module that it exports.',
      { cause: error },
    );
  }
}

function readOptions({ options }: Driver, fields: Fields, folders: Folders): CustomProfile['options'] {
  const stated = new Fields(withSpecs(fields, options), fields.where, fields.subject);
  const values = Object.entries(options).map(([key, spec]) => {
    const value = readOption(key, spec, stated, folders);
    if (value !== undefined || spec.required !== true) return [key, value] as const;
    throw new ConfigError(`${fields.where}: ${fields.subject} has no ${key}`, `Its driver requires it: ${key}: VALUE`);
  });
  return Object.fromEntries(values.filter((pair): pair is readonly [string, DriverOption] => pair[1] !== undefined));
}

/** The settings of the profile, plus the defaults of the others. Hides secrets. */
function withSpecs(fields: Fields, options: Driver['options']): ReadonlyMap<string, Setting> {
  const settings = new Map(fields.entries);
  for (const [key, spec] of Object.entries(options)) {
    const setting = settings.get(key) ?? preset(spec, fields.where);
    if (setting !== undefined) settings.set(key, spec.secret === true ? hidden(setting) : setting);
  }

  return settings;
}

function preset({ default: value }: OptionSpec, where: string): Setting | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'object') {
    return { kind: 'list', items: value.map((item) => ({ kind: 'scalar', value: item, shown: item, where })), where };
  }

  return { kind: 'scalar', value, shown: String(value), where };
}

function hidden(setting: Setting): Setting {
  switch (setting.kind) {
    case 'list': {
      return { ...setting, items: setting.items.map((item) => hidden(item)) };
    }

    case 'map': {
      return setting;
    }

    case 'scalar': {
      return { ...setting, shown: undefined };
    }
  }
}

function readOption(key: string, spec: OptionSpec, fields: Fields, folders: Folders): DriverOption | undefined {
  switch (spec.type) {
    case 'boolean': {
      return fields.boolean(key);
    }

    case 'integer': {
      return fields.integer(key, spec.min ?? 0, spec.max ?? Number.MAX_SAFE_INTEGER);
    }

    case 'list': {
      return fields.list(key, (text) => text);
    }

    case 'path': {
      return fields.path(key, folders);
    }

    case 'text': {
      return spec.required === true ? fields.filled(key) : fields.text(key);
    }
  }
}
