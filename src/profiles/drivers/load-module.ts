import type { Driver, OptionSpec } from '../../define-driver.js';

import { DRIVER_API } from '../../define-driver.js';
import { ConfigError } from '../../errors.js';

/**
 * Import a driver's module, which runs it, and check its default export.
 * @param subject for messages: `driver "./my-driver.mjs" of profile shop`, with the location in the file if any
 * @throws ConfigError
 */
export async function loadDriver(moduleUrl: string, subject: string): Promise<Driver> {
  const exported = await importDefault(moduleUrl, subject);
  const fault = faultOf(exported);
  if (fault !== undefined) throw new ConfigError(`${subject} ${fault[0]}`, fault[1]);
  return exported as Driver;
}

const DEFINE_HINT = 'Export a driver made by defineDriver: export default defineDriver({ … })';
const RESERVED: ReadonlySet<string> = new Set(['codec', 'driver', 'prefix', 'protected']);

async function importDefault(moduleUrl: string, subject: string): Promise<unknown> {
  try {
    const module = (await import(moduleUrl)) as { readonly default?: unknown };
    return module.default;
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error));
    throw new ConfigError(`${subject} cannot be loaded: ${firstLine(message)}`, hintFor(message), { cause: error });
  }
}

function hintFor(message: string): string {
  if (message.startsWith("Cannot find package 'cachectl'")) {
    return 'Install cachectl beside the driver, too: npm install cachectl';
  }

  return message.startsWith('Unknown file extension')
    ? 'Compile it to JavaScript first: Node runs .mjs, .js and .cjs.'
    : 'Fix the module. DEBUG=1 shows where it failed.';
}

type Fault = readonly [problem: string, hint: string];

function faultOf(exported: unknown): Fault | undefined {
  if (!isRecord(exported)) return ['is not a driver: its module has no driver as default export', DEFINE_HINT];
  const { apiVersion, name, options, open } = exported;
  if (typeof apiVersion !== 'number') return ['is not a driver: its default export has no apiVersion', DEFINE_HINT];
  if (apiVersion !== DRIVER_API) return otherVersion(apiVersion);
  if (typeof name !== 'string' || !/^[a-z][a-z\d-]{0,59}$/.test(name)) {
    return ['has no valid name', 'Use lowercase letters, digits and dashes.'];
  }

  if (typeof open !== 'function') return ['has no open(), which returns its store', DEFINE_HINT];
  if (!isRecord(options)) return ['declares no options', 'Declare options: {}, or use defineDriver.'];
  return Object.entries(options)
    .map(([key, spec]) => faultOfOption(key, spec))
    .find((fault) => fault !== undefined);
}

function otherVersion(version: number): Fault {
  return [
    `is written for version ${version} of the driver interface; this cachectl has version ${DRIVER_API}`,
    version > DRIVER_API
      ? `Update cachectl, or install a release of the driver for version ${DRIVER_API}.`
      : 'Update the driver. If it is your own, docs/custom-drivers.md lists under "Versions" what to change.',
  ];
}

function faultOfOption(key: string, spec: unknown): Fault | undefined {
  const named = JSON.stringify(key);
  if (!/^[a-z][a-zA-Z\d]{0,59}$/.test(key)) {
    return [
      `declares an option ${named}, which is not a valid key`,
      'Use letters and digits, starting with a lowercase letter.',
    ];
  }

  if (RESERVED.has(key)) return [`declares an option ${named}, which is a key of every profile`, 'Rename it.'];
  if (!isRecord(spec) || !isType(spec.type)) {
    return [`declares an option ${named} of an unknown type`, `Types: ${Object.keys(HOLDS).join(', ')}.`];
  }

  const { default: preset, max = Number.MAX_SAFE_INTEGER, min = 0, required, type } = spec;
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max)) {
    return [`declares an option ${named} with a min or max that is not an integer`, 'Correct it.'];
  }

  if (preset === undefined) return undefined;
  if (required === true)
    return [`declares an option ${named} both required and with a default`, 'Keep one of the two.'];
  return HOLDS[type](preset)
    ? undefined
    : [`declares an option ${named} with a default of another type`, 'Correct it.'];
}

const HOLDS: Readonly<Record<OptionSpec['type'], (preset: unknown) => boolean>> = {
  text: (preset) => typeof preset === 'string',
  path: (preset) => typeof preset === 'string' && preset !== '',
  boolean: (preset) => typeof preset === 'boolean',
  integer: (preset) => Number.isSafeInteger(preset),
  list: (preset) => Array.isArray(preset) && preset.length > 0 && preset.every((item) => typeof item === 'string'),
};

function isType(type: unknown): type is OptionSpec['type'] {
  return typeof type === 'string' && Object.hasOwn(HOLDS, type);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!.replace(/\.$/, '');
}
