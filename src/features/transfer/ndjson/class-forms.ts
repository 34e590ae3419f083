import { isUtf8 } from 'node:buffer';

import type { Value } from '../../../codecs/value.js';

/**
 * Names of the classes in a value whose objects hold an array that the class made of them (`__serialize`), as msgpack told.
 * Undefined where nothing told, as of every other format, or where the names cannot say it: PHP's format has one form for both.
 */
export function selfMadeClasses(value: Value): readonly string[] | undefined {
  const forms = new Map<string, boolean>();
  return collects(value, forms) && forms.size > 0
    ? [...forms].filter(([, isMadeByClass]) => isMadeByClass).map(([name]) => name)
    : undefined;
}

/** The value with what `selfMadeClasses` told of its objects. */
export function withSelfMade(value: Value, names: ReadonlySet<string>): Value {
  switch (value.type) {
    case 'array': {
      return { type: 'array', entries: value.entries.map(([key, item]) => [key, withSelfMade(item, names)] as const) };
    }

    case 'object': {
      const properties = value.properties.map(([key, item]) => [key, withSelfMade(item, names)] as const);
      return { ...value, properties, isMadeByClass: names.has(value.class.toString()) };
    }

    default: {
      return value;
    }
  }
}

/** False where a class has two forms in one value, or a name that is no text. */
function collects(value: Value, forms: Map<string, boolean>): boolean {
  if (value.type === 'array') return value.entries.every(([, item]) => collects(item, forms));
  if (value.type !== 'object') return true;
  const { class: className, isMadeByClass, properties } = value;
  if (isMadeByClass !== undefined) {
    const name = className.toString();
    if (!isUtf8(className) || (forms.get(name) ?? isMadeByClass) !== isMadeByClass) return false;
    forms.set(name, isMadeByClass);
  }

  return properties.every(([, item]) => collects(item, forms));
}
