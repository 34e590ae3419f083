/** Says something of a profile that does not keep it from being used. */
export type Warn = (text: string) => void;
