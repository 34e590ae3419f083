/** Where bin/run.js leaves DEBUG, which it takes from the environment: libraries that see it print passwords. */
const HIDDEN_DEBUG = Symbol.for('cachectl.DEBUG');

/** DEBUG as the caller set it. */
export function debugSetting(): string | undefined {
  return (globalThis as { readonly [HIDDEN_DEBUG]?: string })[HIDDEN_DEBUG];
}

/** The environment that cachectl was started with, for the commands that it starts. */
export function callersEnvironment(): NodeJS.ProcessEnv {
  const debug = debugSetting();
  return debug === undefined ? process.env : { ...process.env, DEBUG: debug };
}
