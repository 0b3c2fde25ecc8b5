/** A fleet for tests and benchmarks: real reports, made in the lab by the command itself, each repeated with another host’s ids. */
import { main } from '../src/commands/program.ts';
import { realHost } from '../src/host.ts';
import { LAB } from '../src/lab/world.ts';

/** What hosts of a fleet have: nothing, one fault that all share, two at once, and one on each host by itself. */
const FAULTS = [
  [],
  ['endpoint-sg-blocks-client'],
  ['endpoint-sg-blocks-client', 'endpoint-nacl-blocks-return'],
  ['endpoint-missing'],
  ['clock-skew'],
  ['private-dns-disabled'],
] as const;

/** How many of 20 hosts have each of them. */
const SHARES = [8, 7, 1, 1, 1, 2];

export type Templates = readonly string[];

/** One report of each kind, as `demo --format json` prints it, on one line. */
export async function templates(): Promise<Templates> {
  const made: string[] = [];
  for (const codes of FAULTS) {
    let text = '';
    await main(['demo', ...codes, '--timeout', '0.5', '--format', 'json', '--quiet'], {
      host: realHost({ env: { VPCE_DOCTOR_ONLY: '127.0.0.0/8 ::1/128', AWS_EC2_METADATA_DISABLED: 'true' } }),
      stdout: (part) => {
        text += part;
      },
      stderr: () => {},
      columns: undefined,
      showsProgress: false,
      signal: new AbortController().signal,
    });
    made.push(JSON.stringify(JSON.parse(text)));
  }
  return made;
}

export type Options = {
  /** which of the templates; 0 is the healthy one */
  readonly kind?: number | undefined;
  /** how many VPCs there are, of ten subnets each */
  readonly vpcs?: number | undefined;
};

const hex = (value: number, width: number) => value.toString(16).padStart(width, '0');

/**
 * The report of host `n`, on one line: its own ids, address and start; a subnet, a zone, a VPC and an account of many. A VPC has
 * its own endpoint and security group, so that causes are at many places.
 */
export function reportOf(made: Templates, n: number, { kind = kindOf(n), vpcs = 40 }: Options = {}): string {
  const vpc = n % vpcs;
  const subnet = n % (10 * vpcs);
  const zone = 1 + (n % 3);
  const template = made[kind] ?? '';
  const names: readonly (readonly [string, string])[] = [
    [LAB.instance, `i-${hex(n, 17)}`],
    [LAB.clientInterface, `eni-${hex(n, 17)}`],
    [LAB.clientAddress, `10.${1 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`],
    [LAB.clientSubnet, `subnet-${hex(subnet, 17)}`],
    [LAB.vpc, `vpc-${hex(vpc, 17)}`],
    [LAB.endpointGroup, `sg-e${hex(vpc, 16)}`],
    [LAB.clientGroup, `sg-c${hex(subnet, 16)}`],
    [LAB.endpointAcl, `acl-e${hex(vpc, 16)}`],
    [LAB.clientRouteTable, `rtb-${hex(subnet, 17)}`],
    [LAB.secretsEndpoint, `vpce-${hex(vpc, 17)}`],
    ['111122223333', String(111_122_223_333 + (vpc % 8))],
    ['euw1-az1', `euw1-az${zone}`],
    ['eu-west-1a', `eu-west-1${'abc'[zone - 1]}`],
  ];
  const text = names.reduce((whole, [from, to]) => whole.replaceAll(from, to), template);
  const startedAt = new Date(Date.UTC(2026, 10, 20) + n * 1_000).toISOString();
  return text.replace(/"startedAt":"[^"]+"/, `"startedAt":"${startedAt}"`);
}

/** Scattered (Knuth’s multiplicative hash), so that kinds follow neither VPCs nor zones. */
function kindOf(n: number): number {
  const share = SHARES.flatMap((amount, kind) => Array.from({ length: amount }, () => kind));
  const scattered = (Math.imul(n + 1, 2_654_435_761) >>> 0) % 65_521;
  return share[scattered % share.length] ?? 0;
}
