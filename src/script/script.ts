/** The probe script: one text for every host, with the plan of this run as data in it. */
import type { State } from '../model/state.ts';
import type { Target, TargetRequest } from '../model/target.ts';
import { chooseEndpoint, namesCover, offeredNames } from '../network/endpoints.ts';
import { httpRequestFor } from '../services/catalogue.ts';
import { endpointNames, regionalName } from '../services/endpoint-names.ts';
import { parseServiceName } from '../services/service-names.ts';
import { TOOL } from '../version.ts';
import packed from './probe.json' with { type: 'json' };

export type ScriptPlan = {
  /** as typed: they go into the document, so that `diagnose` need not be told again */
  readonly requests: readonly TargetRequest[];
  readonly targets: readonly Target[];
  /** what is known of the endpoints; unknown slices add nothing */
  readonly state: State;
  /** only where it was given: it wins over what the host has configured */
  readonly region?: string | undefined;
  /** seconds for the whole script */
  readonly deadline: number;
  /** questions side by side */
  readonly jobs: number;
};

/** An endpoint has one zonal name per subnet, and more than six zones are nowhere. */
const MOST_ENDPOINT_NAMES = 7;

/**
 * The script's text. Hosts, addresses and paths stand in it as data between single quotes, one target per line, and every word
 * is checked here: what the script cannot ask for (white space in a path, a host that is none) is left out of it.
 */
export function probeScript(plan: ScriptPlan): string {
  const rows = plan.targets.flatMap((target) => rowsOf(target, plan.state));
  const names = [...new Set(plan.targets.flatMap((target) => ownNames(target, plan.state)))];
  const variables = [
    `VERSION=${TOOL.version} DEADLINE=${plan.deadline} JOBS=${plan.jobs}`,
    `REQUESTS=${quoted(JSON.stringify(plan.requests))}`,
    `REGION=${quoted(JSON.stringify(plan.region ?? null))}`,
    `TARGETS=${quoted([...new Set(rows)].join('\n'))}`,
    `NAMES=${quoted(names.join(' '))}`,
  ];
  // A function: `$&` in a path is no pattern.
  return packed.lines.join('\n').replace('#PLAN#', () => variables.join('\n'));
}

/** Host, port, application, method, path, and where the endpoint answers: its interfaces and its own names. */
function rowsOf(target: Target, state: State): string[] {
  const { host = '-', port, application } = target;
  if (host !== '-' && !isWord(host)) return [];
  const request = httpRequestFor(target.serviceId, target.host);
  const path = target.path ?? request.path;
  const row = (name: string, how: string, places: readonly string[]) =>
    [name, port, how, request.method, isPath(path) ? path : request.path, places.filter(isWord).join(',') || '-'].join(
      ' ',
    );
  if (target.address !== undefined) return [row('-', 'tcp', [target.address])];
  const choice = chooseEndpoint(state, undefined, target);
  if (choice === undefined || choice.way === 'gateway') return [row(host, application, [])];
  const places = [
    ...interfaceAddresses(choice.endpoints[0].NetworkInterfaceIds ?? [], state),
    ...ownNames(target, state),
  ];
  // An endpoint that does not have this name need not have it on its certificate: there only TCP is asked for.
  const named = choice.way !== 'uncovered' || namesCover(offeredNames(choice.endpoints[0]), host);
  return named ? [row(host, application, places)] : [row(host, application, []), row('-', 'tcp', places)];
}

function interfaceAddresses(ids: readonly string[], { networkInterfaces }: State): string[] {
  if (!networkInterfaces.known) return [];
  return networkInterfaces.value
    .filter((one) => one.NetworkInterfaceId !== undefined && ids.includes(one.NetworkInterfaceId))
    .flatMap((one) => [one.PrivateIpAddress ?? [], (one.Ipv6Addresses ?? []).flatMap((each) => each.Ipv6Address ?? [])])
    .flat();
}

/** The endpoint's own names lead to its interfaces whatever private DNS does. */
function ownNames(target: Target, state: State): string[] {
  const choice = chooseEndpoint(state, undefined, target);
  if (choice === undefined || choice.way === 'gateway' || choice.way === 'named') return [];
  const [endpoint] = choice.endpoints;
  const names = endpointNames(endpoint);
  const regional = regionalName(names.regional, parseServiceName(endpoint.ServiceName ?? '')?.service);
  const zonal = names.zonal.map((name) => name.replace(/^\*\./, 'bucket.'));
  return [...(regional === undefined ? [] : [regional]), ...zonal].filter(isWord).slice(0, MOST_ENDPOINT_NAMES);
}

const isWord = (text: string) => /^[A-Za-z0-9._:-]+$/.test(text);
const isPath = (text: string) => /^\/[!-~]*$/.test(text);

/** A word of the shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
