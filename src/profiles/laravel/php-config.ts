import { Engine, type Node } from 'php-parser';

import { slug } from './slug.js';
import {
  at,
  type ConfigArray,
  type ConfigValue,
  type Env,
  type Origin,
  toText,
  type Traced,
  UNKNOWN,
} from './value.js';

/** The context in which the expressions of a configuration file are evaluated. */
export interface PhpScope {
  /** For messages: `config/cache.php`. */
  readonly file: string;
  readonly env: Env;
  /** The absolute path of the application, for `storage_path()` and similar functions. */
  readonly base: string;
}

/**
 * Read the array that a PHP file returns, without running PHP. Evaluates literals, `env()`, `Str::slug()`, paths and a
 * few operators. Any other expression becomes UNKNOWN.
 * @throws SyntaxError if the file is not PHP
 */
export function readPhpConfig(text: string, scope: PhpScope): Traced {
  const parser = new Engine({ parser: { extractDoc: false, suppressErrors: false }, ast: { withPositions: true } });
  const program = parser.parseCode(text, scope.file) as unknown as PhpNode;
  const returned = program.children?.find(({ kind }) => kind === 'return');
  if (returned?.expr === undefined) return { value: UNKNOWN, from: { place: scope.file } };
  return evaluate(returned.expr, scope);
}

/** The parts of php-parser's nodes that are used. Each kind has some of them. */
interface PhpNode extends Pick<Node, 'loc'> {
  readonly kind: string;
  readonly value?: unknown;
  readonly name?: string;
  readonly type?: string;
  readonly children?: readonly PhpNode[];
  readonly items?: readonly PhpNode[];
  readonly arguments?: readonly PhpNode[];
  readonly expr?: PhpNode;
  readonly what?: PhpNode;
  readonly offset?: PhpNode;
  readonly key?: PhpNode | null;
  readonly left?: PhpNode;
  readonly right?: PhpNode;
  readonly test?: PhpNode;
  readonly trueExpr?: PhpNode | null;
  readonly falseExpr?: PhpNode;
  readonly unpack?: boolean;
}

function evaluate(node: PhpNode, scope: PhpScope): Traced {
  const from: Origin = { place: `${scope.file}:${node.loc?.start.line ?? 0}` };
  const plain = (value: ConfigValue): Traced => ({ value, from });
  switch (node.kind) {
    case 'array': {
      return plain(arrayOf(node.items ?? [], scope));
    }

    case 'bin': {
      return binary(node, scope) ?? plain(UNKNOWN);
    }

    case 'boolean': {
      return plain(node.value as boolean);
    }

    case 'call': {
      return call(node, scope, from);
    }

    case 'cast': {
      return cast(node, scope);
    }

    case 'nullkeyword': {
      return plain(null);
    }

    case 'number': {
      const digits = String(node.value);
      // A mode such as 0664 is octal in PHP.
      return plain(/^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits));
    }

    case 'retif': {
      return conditional(node, scope);
    }

    case 'staticlookup': {
      return plain(nameOf(node));
    }

    case 'string': {
      return plain(node.value as string);
    }

    case 'unary': {
      const { value } = evaluate(node.what!, scope);
      return plain(node.type === '-' && typeof value === 'number' ? -value : UNKNOWN);
    }

    default: {
      return plain(UNKNOWN);
    }
  }
}

function arrayOf(items: readonly PhpNode[], scope: PhpScope): ConfigValue {
  const entries = new Map<string, Traced>();
  let next = 0;
  for (const item of items) {
    const value = evaluate(item.value as PhpNode, scope);
    if (item.unpack === true) {
      if (!(value.value instanceof Map)) return UNKNOWN;
      for (const [key, each] of value.value as ConfigArray) entries.set(/^\d+$/.test(key) ? String(next++) : key, each);
      continue;
    }

    const key = item.key ? toText(evaluate(item.key, scope).value) : String(next);
    if (key === UNKNOWN) continue;
    if (/^\d+$/.test(key)) next = Math.max(next, Number(key) + 1);
    entries.set(key, value);
  }

  return entries;
}

function binary({ type, left, right }: PhpNode, scope: PhpScope): Traced | undefined {
  const first = evaluate(left!, scope);
  if (type === '??') return first.value === null ? evaluate(right!, scope) : first;
  if (type !== '.') return undefined;
  const second = evaluate(right!, scope);
  const [head, tail] = [toText(first.value), toText(second.value)];
  // A variable is only part of the text, so it is not recorded as the source.
  const from = { place: first.from.place };
  return head === UNKNOWN || tail === UNKNOWN ? { value: UNKNOWN, from } : { value: `${head}${tail}`, from };
}

function cast({ type, expr }: PhpNode, scope: PhpScope): Traced {
  const { value, from } = evaluate(expr!, scope);
  if (type === 'string') return { value: toText(value), from };
  if (type === 'bool') return { value: value === UNKNOWN ? UNKNOWN : isTruthy(value), from };
  return { value: type === 'int' && typeof value === 'string' ? Number.parseInt(value, 10) || 0 : value, from };
}

/** An unknown condition counts as true: Laravel writes options as `extension_loaded(…) ? array_filter([…]) : []`. */
function conditional({ test, trueExpr, falseExpr }: PhpNode, scope: PhpScope): Traced {
  const condition = evaluate(test!, scope);
  const holds = condition.value === UNKNOWN || isTruthy(condition.value);
  if (!holds) return evaluate(falseExpr!, scope);
  return trueExpr ? evaluate(trueExpr, scope) : condition;
}

function isTruthy(value: ConfigValue): boolean {
  return value instanceof Map ? value.size > 0 : Boolean(value) && value !== '0';
}

type PhpFunction = (values: readonly Traced[], scope: PhpScope) => ConfigValue | Traced;

function call(node: PhpNode, scope: PhpScope, from: Origin): Traced {
  const name = nameOf(node.what!);
  if (!Object.hasOwn(FUNCTIONS, name)) return { value: UNKNOWN, from };
  const values = (node.arguments ?? []).map((argument) => evaluate(argument, scope));
  const result = FUNCTIONS[name]!(values, scope);
  return typeof result === 'object' && result !== null && 'from' in result ? result : { value: result, from };
}

/** The functions that Laravel's own configuration files call. */
const FUNCTIONS: Readonly<Record<string, PhpFunction>> = {
  array_filter: ([list]) => list ?? UNKNOWN,
  base_path: (values, { base }) => below(base, values),
  database_path: (values, { base }) => below(`${base}/database`, values),
  storage_path: (values, { base }) => below(`${base}/storage`, values),
  env,
  'Env::get': env,
  explode([separator, list]) {
    const [mark, text] = [textOf(separator), textOf(list)];
    if (mark === UNKNOWN || text === UNKNOWN || mark === '') return UNKNOWN;
    const { from } = list!;
    return new Map(text.split(mark).map((value, index) => [String(index), { value, from }] as const));
  },
  'Str::slug'([title, separator]) {
    const [text, mark] = [textOf(title), separator === undefined ? '-' : textOf(separator)];
    const slugged = text === UNKNOWN || mark === UNKNOWN ? undefined : slug(text, mark);
    return { value: slugged ?? UNKNOWN, from: title?.from ?? { place: '' } };
  },
};

function env([name, preset]: readonly Traced[], scope: PhpScope): ConfigValue | Traced {
  const text = textOf(name);
  return (text === UNKNOWN ? undefined : scope.env(text)) ?? preset ?? null;
}

function below(folder: string, [path]: readonly Traced[]): ConfigValue {
  const text = textOf(path);
  if (text === UNKNOWN) return UNKNOWN;
  return text === '' ? folder : `${folder}/${text}`;
}

function textOf(traced: Traced | undefined): string | typeof UNKNOWN {
  return traced === undefined ? '' : toText(traced.value);
}

/** `env`, `Str::slug`, `Memcached::OPT_PREFIX_KEY`: the class without its namespace. */
function nameOf(node: PhpNode): string {
  if (node.kind === 'staticlookup') return `${nameOf(node.what!)}::${node.offset?.name ?? ''}`;
  return (node.name ?? '').split('\\').at(-1)!;
}

/** The array at `keys`, or an empty one. */
export function arrayAt(root: Traced, ...keys: readonly string[]): ConfigArray {
  const { value } = at(root, ...keys);
  return value instanceof Map ? (value as ConfigArray) : new Map();
}
