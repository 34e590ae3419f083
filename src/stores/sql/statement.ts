/** SQL with its parameters in place. A dialect renders it. */
export class Sql {
  constructor(
    readonly texts: readonly string[],
    /** One parameter between each two texts. */
    readonly parameters: readonly Parameter[],
  ) {}
}

/** Text in a column of text, by its bytes; a value; or a whole number. */
export type Parameter =
  { readonly kind: 'bytes'; readonly bytes: Buffer } | { readonly kind: 'text'; readonly bytes: Buffer } | number;

/** A statement or a part of one. A part is spliced in; everything else becomes a parameter. */
export function sql(texts: TemplateStringsArray, ...parts: ReadonlyArray<Parameter | Sql>): Sql {
  const found: string[] = [texts[0]!];
  const parameters: Parameter[] = [];
  for (const [index, part] of parts.entries()) {
    const rest = texts[index + 1]!;
    if (part instanceof Sql) {
      found[found.length - 1] += part.texts[0]!;
      found.push(...part.texts.slice(1));
      parameters.push(...part.parameters);
      found[found.length - 1] += rest;
    } else {
      parameters.push(part);
      found.push(rest);
    }
  }

  return new Sql(found, parameters);
}

/** Literal SQL. Never pass input of a user or a server. */
export function raw(text: string): Sql {
  return new Sql([text], []);
}

export function joined(parts: readonly Sql[], separator: string): Sql {
  const texts: string[] = [''];
  const parameters: Parameter[] = [];
  for (const [index, part] of parts.entries()) {
    texts[texts.length - 1] += (index === 0 ? '' : separator) + part.texts[0]!;
    for (let at = 1; at < part.texts.length; at++) texts.push(part.texts[at]!);
    for (const parameter of part.parameters) parameters.push(parameter);
  }

  return new Sql(texts, parameters);
}

export const TRUE = raw('1 = 1');
