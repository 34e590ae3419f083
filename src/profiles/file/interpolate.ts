/** A value cannot be completed from the environment. Tells nothing of any value. */
export class InterpolationProblem extends Error {
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/**
 * Fills in `${NAME}` and `${NAME:-default}` (the default also stands in for a variable that is set to
 * nothing, as in a shell); `$$` is a dollar sign, and so is any other `$` without a brace.
 * @throws InterpolationProblem
 */
export function interpolate(text: string, env: NodeJS.ProcessEnv): string {
  return text.replaceAll(EXPRESSION, (expression, body: string | undefined, end: string | undefined) => {
    if (expression === '$$') return '$';
    const { name, fallback } = parse(end === '}' ? body : undefined);
    // An environment given as a plain object inherits what is no variable: constructor, toString.
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (fallback !== undefined) return value || fallback;
    if (value !== undefined) return value;
    throw new InterpolationProblem(
      `the environment variable ${name} is not set`,
      `Set ${name}, or give a default: \${${name}:-default}`,
    );
  });
}

/** The text as its author wrote it, without the defaults: those may be secrets. */
export function withoutDefaults(text: string): string {
  return text.replaceAll(/(?<!\$)\$\{(\w+):-[^}]*(?:\}|$)/g, '$${$1:-…}');
}

const EXPRESSION = /\$\$|\$\{([^}]*)(\}|$)/g;

function parse(body: string | undefined): { name: string; fallback: string | undefined } {
  const match = /^([A-Z_]\w*)(?::-(.*))?$/is.exec(body ?? '');
  const [, name, fallback] = match ?? [];
  if (name !== undefined && !fallback?.includes('${')) return { name, fallback };
  throw new InterpolationProblem(
    'a ${ that does not read as ${NAME} or ${NAME:-default}',
    'A default ends at the first } and holds no other variable. For a dollar sign itself write $$',
  );
}
