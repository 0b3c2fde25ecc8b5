/** What is sent to the hosts, and how their answers are read. */
import { gunzipSync } from 'node:zlib';
import { SHELL_DOCUMENT } from '../collect/mode-calls.ts';
import type { Case } from '../model/case.ts';
import { decodeCase } from '../model/case-file.ts';
import { caseOfRawEvidence } from '../script/raw-case.ts';

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

/**
 * "The content of the document must not exceed 64KB. This quota also includes the content specified for input parameters at
 * runtime" (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html): AWS-RunShellScript itself
 * has less than two of them.
 */
const MOST_PARAMETERS = 60_000;

/**
 * A probe script (`vpce-doctor probe-script`) in AWS's own document, for hosts that have neither our binary nor our document.
 * @param seconds within which the script ends by itself
 * @returns undefined when Systems Manager would not take a script as long as that
 */
export function scriptErrand(script: string, seconds: number): Errand | undefined {
  const parameters = {
    commands: packing(script).split('\n'),
    // What the last questions take that are on their way when the script's own time is up.
    executionTimeout: [String(seconds + 60)],
  };
  const isLong = Buffer.byteLength(JSON.stringify(parameters)) > MOST_PARAMETERS;
  return isLong ? undefined : { documentName: SHELL_DOCUMENT, parameters };
}

/**
 * Runs the script in a shell of its own, as its clock ends the shell that it runs in, and prints its document as the Command
 * document of deploy/ssm does. Nothing is printed before the whole is known, so that a beginning without an end was cut.
 */
function packing(script: string): string {
  return `#!/bin/sh
have() { command -v "$1" >/dev/null 2>&1; }
script='${script.replaceAll("'", "'\\''")}'
raw=$(sh -c "$script")
[ -n "$raw" ] || { echo 'vpce-doctor: the script printed nothing.' >&2; exit 70; }
pack() { return 1; }
if have gzip && have tr; then
  if have base64; then pack() { printf '%s\n' "$raw" | gzip -9 -c | base64 | tr -d '\n'; }
  elif have openssl; then pack() { printf '%s\n' "$raw" | gzip -9 -c | openssl base64 | tr -d '\n'; }; fi
fi
packed=$(pack)
if [ -n "$packed" ]; then printf '${BEGIN}\n%s' "$packed"; else printf '${PLAIN}\n%s' "$raw"; fi
printf '\n${END}\n'`;
}

const BEGIN = 'vpce-doctor evidence gzip base64';
/** Of hosts that have nothing to pack with. */
const PLAIN = 'vpce-doctor evidence plain';
const END = 'vpce-doctor end';
/** What the SSM Agent, and Systems Manager itself, put at the end of what they cut. */
const CUT = /-+output truncated-+\s*$/i;

export type Reading =
  | { readonly kind: 'case'; readonly case: Case }
  /** cut at Run Command's limit: the whole is in the output bucket, where one was given */
  | { readonly kind: 'cut' }
  | { readonly kind: 'problem'; readonly problem: string };

/** The case in what a host printed: a case file of the binary, or what a probe script says. */
export async function readEvidence(output: string, name: string): Promise<Reading> {
  const begin = [BEGIN, PLAIN].find((line) => output.includes(`${line}\n`));
  if (begin === undefined) return CUT.test(output) ? { kind: 'cut' } : nothing('it printed no evidence');
  const rest = output.slice(output.indexOf(`${begin}\n`) + begin.length + 1);
  const end = rest.indexOf(`\n${END}`);
  if (end < 0) return { kind: 'cut' };
  const body = rest.slice(0, end);
  let text = body;
  try {
    if (begin === BEGIN)
      text = gunzipSync(Buffer.from(body, 'base64'), { maxOutputLength: MOST_BYTES }).toString('utf8');
  } catch (error) {
    return nothing(`its evidence cannot be unpacked (${(error as NodeJS.ErrnoException).code ?? 'no gzip'})`);
  }
  const read = (await caseOfRawEvidence(text, name)) ?? decodeCase(text, name);
  return read.ok ? { kind: 'case', case: read.case } : nothing(read.problem);
}

function nothing(problem: string): Reading {
  return { kind: 'problem', problem };
}
