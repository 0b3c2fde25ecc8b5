import type { SliceName } from '../../model/state.ts';
import { containsAddress } from '../../network/addresses.ts';
import { addressesOf, isEmpty } from '../../network/flows.ts';
import { evaluateInternetPath } from '../../network/internet.ts';
import { evaluatePath, type Path } from '../../network/paths.ts';
import { formatShareOf } from '../../network/wilson.ts';
import { absent, type CheckContext, defineCheck, type Finding, found, NOT_APPLICABLE, unknown } from '../check.ts';
import type { Evidence } from '../evidence.ts';
import { notTerraforms } from '../terraform.ts';
import { type Attempt, attemptsAt, connectionOpened, type PortPattern, portPattern } from './attempts.ts';
import { DESTINATION_SLICES, destinationsOf, list } from './blocked-gates.ts';

const NEEDS = [
  ...DESTINATION_SLICES,
  'securityGroups',
  'networkAcls',
  'subnets',
  'natGateways',
  'internetGateways',
  'egressOnlyInternetGateways',
  'vpcPeeringConnections',
  'transitGatewayVpcAttachments',
  'transitGatewayAttachments',
  'transitGatewayRoutes',
] as const satisfies readonly SliceName[];
type Context = CheckContext<(typeof NEEDS)[number]>;
type Facts = { readonly device: string | undefined; readonly addresses: readonly string[] };

/** Fewer attempts than this at one address are an accident, not a share. */
const ENOUGH = 5;

export const connectionIntermittent = defineCheck({
  code: 'connection-intermittent',
  title: 'The same address opens on some attempts and not on others',
  layer: 'path',
  needs: NEEDS,
  documentation: {
    meaning:
      'Connections to one and the same address open now and then, and no security group, network ACL or route explains which: by the configuration all of them pass. One of several appliances, load balancer nodes or links on the way is broken and the source port decides who gets it; or something runs out: tracked connections, ports, packets per second of the instance.',
    confirm:
      'vpce-doctor --repeat 50 <target>; sudo ethtool -S eth0 and look for conntrack_allowance_exceeded and pps_allowance_exceeded; VPC flow logs of both interfaces, where a lost connection appears on one and not on the other.',
    remedy:
      'Find the element that only a part of the connections meets (each firewall of a group, each zone’s appliance, each node of a load balancer) and repair or remove it; where an allowance of the instance is exceeded, use fewer connections or a larger instance.',
    notWhen:
      'When one address of several never opens, it is that address and not chance. When the lost connections are those from a range of source ports, a network ACL that admits only a part of the ephemeral ports is the usual cause, and is named instead where it can be read.',
    sources: [
      'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-network-performance-ena.html',
      'https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html',
    ],
  },
  evaluate: (context) => {
    const { evidence, state, client, target } = context;
    const { destinations, missing } = destinationsOf(context);
    const paths = destinations.map((destination) =>
      destination.kind === 'public'
        ? evaluateInternetPath(state, client, destination, target.port)
        : evaluatePath(state, client, destination, target.port),
    );
    if (evidence.addresses.length === 0) return NOT_APPLICABLE;
    const interfaces = destinations.flatMap((one) => (one.kind === 'interface' ? [one.address] : []));
    const tried = triedAddresses(evidence, [...evidence.addresses, ...interfaces]);
    const mixed = tried.filter(isMixed);
    if (mixed.length === 0) {
      const repeated = tried.filter(({ attempts }) => attempts.length >= ENOUGH);
      return repeated.length === 0
        ? NOT_APPLICABLE
        : absent(`every attempt at ${list(repeated.map(({ address }) => address))} went the same way`);
    }
    const judged = mixed.map((one) => ({ ...one, path: pathTo(paths, one.address) }));
    // A rule that admits only a part explains it, and has a cause of its own.
    const unruled = judged.filter(({ path }) => path === undefined || isEmpty(path.block));
    if (unruled.length === 0) return NOT_APPLICABLE;
    const gaps = [
      ...missing,
      ...unruled.flatMap(({ path }) =>
        path === undefined || isEmpty(path.unknown) ? [] : path.gates.flatMap((gate) => gate.missing),
      ),
    ];
    if (gaps.length > 0) return unknown(gaps);
    return found([finding(context, unruled, tried)]);
  },
  suspect: (context) => {
    // Where the rules could not be read, a range of source ports points to one of them.
    const tried = triedAddresses(context.evidence, context.evidence.addresses);
    const scattered = tried.filter((one) => isMixed(one) && portPattern(one.attempts).kind === 'scattered');
    return scattered.length === 0 ? undefined : finding(context, scattered, tried);
  },
  fix: ({ device, addresses }) => ({
    summary: `Find what only some of the connections to ${list(addresses)} meet: one firewall, load balancer node or link of several; or an allowance of this instance that is used up.`,
    commands: device === undefined ? [] : [`sudo ethtool -S ${device}`],
    undo: [],
    terraform: notTerraforms('what it is has to be found first, and it is in no configuration that could be read.'),
    owner: 'network owner',
    unprovable:
      'what drops one connection and not the next is not part of the model; run vpce-doctor again with --repeat 50',
  }),
  demonstration: {
    inject: (world) => {
      world.middleboxes = { '10.0.2.14': { losesEveryConnection: 2 } };
    },
  },
});

type Tried = { readonly address: string; readonly attempts: readonly Attempt[] };

/** Connections are shared between targets: only a target's own addresses are its affair. */
function triedAddresses(evidence: Evidence, addresses: readonly string[]): Tried[] {
  return [...new Set(addresses)].map((address) => ({ address, attempts: attemptsAt(evidence, address) }));
}

/** Opened and did not open, often enough to speak of a share. */
function isMixed({ attempts }: Tried): boolean {
  return attempts.length >= ENOUGH && attempts.some((one) => one.opened) && attempts.some((one) => !one.opened);
}

function pathTo(paths: readonly Path[], address: string): Path | undefined {
  return paths.find(({ destination, asked }) =>
    destination.kind === 'interface' ? destination.address === address : containsAddress(addressesOf(asked), address),
  );
}

function finding(
  { vantage, target }: Pick<Context, 'vantage' | 'target'>,
  mixed: readonly Tried[],
  tried: readonly Tried[],
): Finding<Facts> {
  const addresses = mixed.map(({ address }) => address);
  const shares = mixed.map(({ address, attempts }) => {
    const opened = attempts.filter((one) => one.opened).length;
    return `${address} opened in ${formatShareOf(opened, attempts.length)}`;
  });
  const patterns = mixed.map(({ address, attempts }) => patternWords(address, portPattern(attempts)));
  const steady = tried.filter(
    ({ address, attempts }) =>
      !addresses.includes(address) && attempts.length > 0 && attempts.every((one) => one.opened),
  );
  const elsewhere = steady.length === 0 ? '' : ` ${list(steady.map(({ address }) => address))} always opened.`;
  return {
    // What only some connections meet stands on the way to many targets: one cause, not one for each.
    key: 'connections',
    resources: addresses,
    extent: 'some',
    summary: `${shares.join('; ')}; ${list(patterns)}, and no rule that was read explains which.${elsewhere}`,
    because: mixed.flatMap(({ address, attempts }) =>
      [true, false].flatMap((opened) => {
        const example = attempts.find((one) => one.opened === opened);
        return example === undefined
          ? []
          : [
              {
                source: 'probe' as const,
                text: `${address}: a connection that ${opened ? 'opened' : 'did not'}`,
                ref: example.id,
              },
            ];
      }),
    ),
    predicts: (observation) =>
      observation.rung !== 'dns' &&
      observation.subject.port === target.port &&
      addresses.includes(observation.subject.address) &&
      connectionOpened(observation) === false
        ? 'agrees'
        : undefined,
    facts: { device: vantage.localRoutes.find((route) => route.destination === '0.0.0.0/0')?.device, addresses },
  };
}

function patternWords(address: string, pattern: PortPattern): string {
  switch (pattern.kind) {
    case 'scattered':
      return 'the source port makes no difference';
    case 'unclear':
      return 'whether the source port makes a difference cannot be told from so few';
    case 'range':
      return pattern.opened
        ? `only those from source ports ${pattern.from}-${pattern.to} to ${address} opened`
        : `the lost ones to ${address} are those from source ports ${pattern.from}-${pattern.to}`;
  }
}
