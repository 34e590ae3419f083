/** A value cannot be completed from the environment. Reveals no values. */
export class InterpolationProblem extends Error {
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/**
 * Replace `${NAME}` and `${NAME:-default}`. As in a shell, the default also applies if the variable is empty. `$$` is
 * a dollar sign, and so is any other `$` without a brace.
 * @throws InterpolationProblem
 */
export function interpolate(text: string, env: NodeJS.ProcessEnv): string {
  return text.replaceAll(EXPRESSION, (expression, body: string | undefined, end: string | undefined) => {
    if (expression === '$$') return '$';
    const { name, fallback } = parse(end === '}' ? body : undefined);
    // A plain object inherits members that are no variables: constructor, toString.
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (fallback !== undefined) return value || fallback;
    if (value !== undefined) return value;
    throw new InterpolationProblem(
      `the environment variable ${name} is not set`,
      `Set ${name}, or give a default: \${${name}:-default}`,
    );
  });
}

/** The original text without the defaults, which may be secrets. */
export function withoutDefaults(text: string): string {
  return text.replaceAll(/(?<!\$)\$\{(\w+):-[^}]*(?:\}|$)/g, '$${$1:-…}');
}

/** The names of the variables in an original text; `isDefaulted` if its default is used. */
export function variablesIn(
  shown: string,
  env: NodeJS.ProcessEnv,
): ReadonlyArray<{ readonly name: string; readonly isDefaulted: boolean }> {
  return [...shown.matchAll(VARIABLE)].map(([, name, preset]) => ({
    name: name!,
    isDefaulted: preset !== undefined && !env[name!],
  }));
}

/** In a text from `withoutDefaults`. */
const VARIABLE = /\$\{(\w+)(:-…)?\}/g;

const EXPRESSION = /\$\$|\$\{([^}]*)(\}|$)/g;

function parse(body: string | undefined): { name: string; fallback: string | undefined } {
  const match = /^([A-Z_]\w*)(?::-(.*))?$/is.exec(body ?? '');
  const [, name, fallback] = match ?? [];
  if (name !== undefined && !fallback?.includes('${')) return { name, fallback };
  throw new InterpolationProblem(
    'a ${ that is not part of ${NAME} or ${NAME:-default}',
    'A default ends at the first } and contains no variables. For a literal dollar sign write $$',
  );
}
