/** `vpce-doctor diagnose`: pure; any halves merged, or a case file replayed. */
import { readFile } from 'node:fs/promises';
import { readStateDocuments } from '../collect/document-files.ts';
import { diagnose } from '../diagnose/diagnose.ts';
import type { Case } from '../model/case.ts';
import { decodeCase, mergeCases, mergeStates } from '../model/case-file.ts';
import { SLICE_NAMES, type State, unknownState } from '../model/state.ts';
import { emptyVantage, type Vantage } from '../model/vantage.ts';
import { exitCode } from '../report/exit-code.ts';
import { isRegion } from '../services/partitions.ts';
import { vantageFrom } from '../vantage/from.ts';
import { TOOL } from '../version.ts';
import { requestsFrom, stateFrom, type TargetArguments } from './arguments.ts';
import { type Io, isProblem, type OutputOptions, printReport, refuse, type UsageProblem, warn } from './io.ts';
import { type SaveOptions, saveCase } from './save.ts';

export type DiagnoseOptions = TargetArguments & {
  readonly state?: readonly string[] | undefined;
  readonly evidence?: readonly string[] | undefined;
  readonly from?: string | undefined;
  readonly region?: string | undefined;
  readonly quiet: boolean;
  readonly output: OutputOptions;
  readonly save: SaveOptions;
};

export async function diagnoseCommand(io: Io, options: DiagnoseOptions): Promise<number> {
  const built = await caseFromFiles(io, options);
  if (isProblem(built)) return refuse(io, built.problem);
  if (!options.quiet) for (const warning of built.news) warn(io, warning);
  const saved = await saveCase(built.subject, options.save);
  if (isProblem(saved)) return refuse(io, saved.problem);
  const report = diagnose(saved);
  const failed = await printReport(io, report, options.output);
  return failed === undefined ? exitCode(report.verdict) : refuse(io, failed.problem);
}

/** The case, and those of its warnings that come from this command and not from an earlier run. */
async function caseFromFiles(
  io: Io,
  options: DiagnoseOptions,
): Promise<{ readonly subject: Case; readonly news: readonly string[] } | UsageProblem> {
  const files = options.targets.filter(isFileName);
  const cases: Case[] = [];
  for (const path of [...files, ...(options.evidence ?? [])]) {
    const read = await readCase(path);
    if (isProblem(read)) return read;
    cases.push(read);
  }
  if (cases.length === 0 && options.state === undefined) return { problem: NOTHING_GIVEN };
  const targets = options.targets.filter((target) => !isFileName(target));
  const parsed = await requestsFrom({ ...options, targets });
  if (isProblem(parsed)) return parsed;
  const documents = await stateFrom(options.state);
  if (isProblem(documents)) return documents;

  const asked = targets.length > 0 || options.error !== undefined || (options.workload?.length ?? 0) > 0;
  const merged = cases.length > 0 ? mergeCases(cases) : undefined;
  const base: Case = merged ?? {
    schemaVersion: 1,
    kind: 'vpce-doctor-case',
    tool: TOOL,
    startedAt: new Date(io.host.now()).toISOString(),
    durationMs: 0,
    requests: parsed.requests,
    vantage: emptyVantage('given'),
    state: unknownState('not-given'),
    probed: false,
    observations: [],
    coverage: [],
    warnings: [],
  };
  const state = options.state === undefined ? base.state : mergeStates([base.state, documents.state]);
  const region = options.region ?? documents.region;
  let vantage = {
    ...base.vantage,
    ...(region === undefined || (base.vantage.region !== undefined && options.region === undefined) ? {} : { region }),
    ...(documents.accountId === undefined || base.vantage.accountId !== undefined
      ? {}
      : { accountId: documents.accountId }),
  };
  // A Region that is asked for is the one that hosts are meant in, whatever the machine had configured.
  if (options.region !== undefined)
    vantage = { ...vantage, sdk: { ...vantage.sdk, region: options.region, regionSource: '--region' } };
  if (options.from !== undefined) {
    const chosen = vantageFrom(options.from, vantage, state);
    if (!chosen.ok) return { problem: chosen.problem };
    vantage = chosen.vantage;
  }
  // A replay prints the same everywhere, so what was given decides before this machine's environment does.
  if (vantage.region === undefined)
    vantage = { ...vantage, region: regionOfState(state) ?? (merged === undefined ? regionOfEnv(io) : undefined) };
  const news = [...documents.warnings, ...parsed.notes, ...(merged === undefined ? clientMissing(vantage, state) : [])];
  return {
    subject: {
      ...base,
      requests: asked || merged === undefined ? parsed.requests : base.requests,
      state,
      vantage,
      warnings: [...base.warnings, ...news],
    },
    news,
  };
}

const NOTHING_GIVEN =
  'diagnose was given nothing to diagnose: give state with --state (AWS CLI output, or what `vpce-doctor collect` wrote), evidence with --evidence, or a case file.';

/** Endpoint interfaces and the like are no clients. */
const MOST_CANDIDATES = 3;

/** Without a client there is no path to evaluate. Who it could be is in the state, and would else have to be looked up. */
function clientMissing(vantage: Vantage, state: State): string[] {
  if (vantage.addresses.length > 0 || vantage.subnetId !== undefined) return [];
  const interfaces = state.networkInterfaces.known ? state.networkInterfaces.value : [];
  const clients = interfaces.filter((one) => one.RequesterManaged !== true && one.PrivateIpAddress !== undefined);
  const names = clients
    .slice(0, MOST_CANDIDATES)
    .map((one) => `${one.NetworkInterfaceId} (${one.PrivateIpAddress}, ${one.SubnetId})`);
  const more = clients.length > names.length ? ` and ${clients.length - names.length} more` : '';
  const known = names.length === 0 ? '' : ` The state has ${names.join(', ')}${more}.`;
  return [
    `The client is not known, so no path was evaluated: give it with --from eni-…, i-… or its IP address.${known}`,
  ];
}

function regionOfEnv(io: Io): string | undefined {
  const region = (io.host.env['AWS_REGION'] || io.host.env['AWS_DEFAULT_REGION'])?.toLowerCase();
  return region !== undefined && isRegion(region) ? region : undefined;
}

/** The Region that the documents themselves speak of, when all speak of one. */
function regionOfState(state: Case['state']): string | undefined {
  const zones = state.subnets.known ? state.subnets.value.flatMap((subnet) => subnet.AvailabilityZone ?? []) : [];
  const endpoints = state.vpcEndpoints.known
    ? state.vpcEndpoints.value.flatMap((endpoint) => endpoint.ServiceName ?? [])
    : [];
  const regions = new Set([
    ...zones.map((zone) => zone.replace(/(-\d)[a-z]$/, '$1')),
    ...endpoints.flatMap((name) => /\.([a-z]{2,4}(?:-[a-z]+)+-\d)\./.exec(name)?.[1] ?? []),
  ]);
  return regions.size === 1 ? [...regions][0] : undefined;
}

/** A case file is told from a target by its look: no host has a slash at its start or ends in .json. */
function isFileName(text: string): boolean {
  return text.endsWith('.json') || text.startsWith('/') || text.startsWith('./') || text.startsWith('../');
}

async function readCase(path: string): Promise<Case | UsageProblem> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EISDIR') return { problem: `${path} is a folder: give state with --state ${path}` };
    return { problem: `${path} cannot be read (${code === 'ENOENT' ? 'there is no such file' : code}).` };
  }
  const decoded = decodeCase(text, path);
  if (!decoded.ok && text.includes('vpce-doctor-raw-evidence')) {
    const { caseOfRawEvidence } = await import('../script/raw-case.ts');
    const raw = await caseOfRawEvidence(text, path);
    if (raw !== undefined) return raw.ok ? raw.case : { problem: raw.problem };
  }
  if (decoded.ok) return decoded.case;
  const state = await readStateDocuments([path]);
  const isState = state.ok && SLICE_NAMES.some((name) => state.state[name].known);
  return { problem: isState ? `${decoded.problem} It is state: give it with --state ${path}` : decoded.problem };
}
