/** Where bin/run.js stores DEBUG, which it removes from the environment: libraries that see it print passwords. */
const HIDDEN_DEBUG = Symbol.for('cachectl.DEBUG');

/** The caller's DEBUG. */
export function debugSetting(): string | undefined {
  return (globalThis as { readonly [HIDDEN_DEBUG]?: string })[HIDDEN_DEBUG];
}

/** The original environment, for commands that cachectl starts. */
export function callersEnvironment(): NodeJS.ProcessEnv {
  const debug = debugSetting();
  return debug === undefined ? process.env : { ...process.env, DEBUG: debug };
}
