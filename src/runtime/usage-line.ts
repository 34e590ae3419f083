import type { Command } from '@oclif/core/command';

/** The parts of a command in its usage line. Both a command class and its manifest entry have them. */
export type UsageParts = Pick<Command.Cached, 'args' | 'flags' | 'usage'>;

export type AnyFlag = UsageParts['flags'][string];

/** `lock:acquire NAME --ttl DURATION [FLAGS]`: arguments and required flags. Help lists the other flags below. */
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

/** Such as `--ttl DURATION` or `--sort key|size`. */
export function flagWords(flag: AnyFlag): string {
  return [`--${flag.name}`, ...valueWords(flag)].join(' ');
}

/** Shows the allowed values if there is room. */
export function valueWords(flag: AnyFlag): string[] {
  if (flag.type !== 'option') return [];
  const values = flag.options?.join('|') ?? '';
  if (values !== '' && values.length <= MAX_SHOWN) return [values];
  return [flag.helpValue === undefined ? flag.name.toUpperCase() : String(flag.helpValue)];
}

/** In columns. */
const MAX_SHOWN = 20;
