import type { Command } from '@oclif/core/command';

/** The parts of a command that its usage line shows; a class and its entry in the manifest both have them. */
export type UsageParts = Pick<Command.Cached, 'args' | 'flags' | 'usage'>;

export type AnyFlag = UsageParts['flags'][string];

/** `lock:acquire NAME --ttl DURATION [FLAGS]`: arguments and required flags; the other flags are listed below it in help. */
export function usageLine(id: string, { args, flags, usage }: UsageParts): string {
  if (typeof usage === 'string') return `cachectl ${usage}`;
  const words = Object.values(args)
    .filter(({ hidden }) => hidden !== true)
    .map(({ name, required, multiple }) => {
      const word = `${name.toUpperCase()}${multiple ? '...' : ''}`;
      return required ? word : `[${word}]`;
    });
  const required = Object.values(flags).filter((flag) => flag.required === true);
  return ['cachectl', id, ...words, ...required.map((flag) => flagWords(flag)), '[FLAGS]'].join(' ');
}

/** `--ttl DURATION`, `--sort key|size`. */
export function flagWords(flag: AnyFlag): string {
  return [`--${flag.name}`, ...valueWords(flag)].join(' ');
}

/** The values of an option are named where there is room for them. */
export function valueWords(flag: AnyFlag): string[] {
  if (flag.type !== 'option') return [];
  const values = flag.options?.join('|') ?? '';
  if (values !== '' && values.length <= MOST_SHOWN) return [values];
  return [flag.helpValue === undefined ? flag.name.toUpperCase() : String(flag.helpValue)];
}

/** Columns. */
const MOST_SHOWN = 20;
