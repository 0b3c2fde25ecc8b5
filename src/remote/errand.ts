/** What is sent to the hosts, and how their answers are read. */
import { gunzipSync } from 'node:zlib';
import type { Case } from '../model/case.ts';
import { decodeCase } from '../model/case-file.ts';

export type Errand = {
  readonly documentName: string;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
};

/** The largest case that is unpacked: what a host sends must not fill the memory of who reads it. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * The document of deploy/ssm, asked for evidence. `fixed` are the parameters that say where the binary is; the document has its
 * own defaults for them where it was set up with a stack.
 */
export function documentErrand(
  documentName: string,
  asked: { readonly targets: readonly string[]; readonly workloads: readonly string[]; readonly options: string },
  fixed: Readonly<Record<string, string>>,
): Errand {
  const parameters: Record<string, string[]> = {};
  for (const [name, value] of Object.entries(fixed)) parameters[name] = [value];
  if (asked.targets.length > 0) parameters['Targets'] = [asked.targets.join(' ')];
  if (asked.workloads.length > 0) parameters['Workloads'] = [asked.workloads.join(' ')];
  if (asked.options !== '') parameters['Options'] = [asked.options];
  return { documentName, parameters: { ...parameters, Answer: ['evidence'] } };
}

const BEGIN = 'vpce-doctor evidence gzip base64';
const END = 'vpce-doctor end';
/** What the SSM Agent, and Systems Manager itself, put at the end of what they cut. */
const CUT = /-+output truncated-+\s*$/i;

export type Reading =
  | { readonly kind: 'case'; readonly case: Case }
  /** cut at Run Command's limit: the whole is in the output bucket, where one was given */
  | { readonly kind: 'cut' }
  | { readonly kind: 'problem'; readonly problem: string };

/** The case in what a host printed. */
export function readEvidence(output: string, name: string): Reading {
  const start = output.indexOf(`${BEGIN}\n`);
  if (start < 0) return CUT.test(output) ? { kind: 'cut' } : nothing('it printed no evidence');
  const packed = output.slice(start + BEGIN.length + 1);
  const end = packed.indexOf(`\n${END}`);
  if (end < 0) return { kind: 'cut' };
  let text: string;
  try {
    text = gunzipSync(Buffer.from(packed.slice(0, end), 'base64'), { maxOutputLength: MOST_BYTES }).toString('utf8');
  } catch (error) {
    return nothing(`its evidence cannot be unpacked (${(error as NodeJS.ErrnoException).code ?? 'no gzip'})`);
  }
  const decoded = decodeCase(text, name);
  return decoded.ok ? { kind: 'case', case: decoded.case } : nothing(decoded.problem);
}

function nothing(problem: string): Reading {
  return { kind: 'problem', problem };
}
