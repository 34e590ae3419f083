import { cachectl, type Result, type RunOptions } from './cli.js';

/** A finding, as `doctor --json` prints it. */
export interface FindingJson {
  readonly subject: string;
  readonly state: string;
  readonly message: string;
  readonly hint: null | string;
  readonly fix: null | string;
  readonly fixed: boolean;
}

export interface Report extends Result {
  readonly profile: null | string;
  readonly findings: readonly FindingJson[];
  /** The first finding on that subject. @throws Error if there is none */
  about(subject: string): FindingJson;
}

/** Run `doctor --json`. */
export async function doctor(args: readonly string[], options?: RunOptions): Promise<Report> {
  const result = await cachectl(['doctor', '--json', '--latency-samples', '3', ...args], options);
  return reportOf(result);
}

export function reportOf(result: Result): Report {
  const { profile, findings } = JSON.parse(result.out) as Pick<Report, 'findings' | 'profile'>;
  if (findings === undefined) throw new Error(`no findings: ${result.out}`);
  return {
    ...result,
    profile,
    findings,
    about(subject) {
      const found = findings.find((finding) => finding.subject === subject);
      if (!found) throw new Error(`no finding on ${subject}: ${result.out}`);
      return found;
    },
  };
}
