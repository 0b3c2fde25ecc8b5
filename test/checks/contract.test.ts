/** What every cause promises (design.md, "One cause, one file"), held over all of them through real packets in the lab. */
import { describe, expect, it } from 'vitest';
import type { AnyCheck, CheckContext } from '../../src/checks/check.ts';
import { evidenceFor } from '../../src/checks/evidence.ts';
import { CHECKS } from '../../src/checks/index.ts';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { applyFixes } from '../../src/diagnose/proof.ts';
import { stateOfWorld } from '../../src/lab/reachability.ts';
import { addNatGateway, addRoute, healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import type { Case } from '../../src/model/case.ts';
import { CAUSE_CODES, layerOf } from '../../src/model/codes.ts';
import type { Observation } from '../../src/model/observation.ts';
import type { ReportFixAlternative } from '../../src/model/report.ts';
import { SLICES, type SliceName, type State } from '../../src/model/state.ts';
import { calledRegion, emptyVantage } from '../../src/model/vantage.ts';
import { clientOf } from '../../src/network/client.ts';
import { resolveTargets } from '../../src/services/resolve-targets.ts';
import { completeVantage } from '../../src/vantage/from.ts';
import { runInLab } from './lab-run.ts';

const LAB_PRIMARY = '10.0.0.0/16';
const targetsOf = (check: AnyCheck) => check.demonstration.targets ?? [LAB.secretsHost];

/** Whether a demonstration takes signed requests. */
const asShown = (check: AnyCheck) => ({ options: { signed: check.demonstration.signed === true } });

function broken(...checks: readonly AnyCheck[]): World {
  const world = healthyWorld();
  for (const check of checks) check.demonstration.inject(world);
  return world;
}

describe('the declarations', () => {
  it('stand once per code, each in the file of its name, in its layer', () => {
    const codes = CHECKS.map((check) => check.code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const check of CHECKS) {
      expect(CAUSE_CODES).toContain(check.code);
      expect(check.layer).toBe(layerOf(check.code));
    }
  });

  it.each(CHECKS.map((check) => [check.code, check] as const))('%s has a whole page', (_code, check) => {
    expect(check.title).toMatch(/^[A-Z].*[^.]$/);
    const { meaning, confirm, remedy, notWhen, sources } = check.documentation;
    for (const text of [meaning, remedy, notWhen]) expect(text).toMatch(/^[A-Z“].{40,}[.)]$/s);
    expect(confirm.length).toBeGreaterThan(20);
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) expect(source).toMatch(/^https:\/\/\S+$/);
  });
});

describe('a healthy world', () => {
  it('is clean, whatever is asked', async () => {
    const { report } = await runInLab(healthyWorld(), []);
    expect(report.verdict).toBe('healthy');
    expect([report.causes, report.contradicted, report.unexplained]).toEqual([[], [], []]);
    expect(report.targets.map((target) => target.status)).toEqual(['reachable', 'reachable']);
  });
});

describe.concurrent('an injected fault', () => {
  it.each(CHECKS.map((check) => [check.code, check] as const))(
    '%s ranks first and is confirmed',
    async (code, check) => {
      const { report } = await runInLab(broken(check), targetsOf(check), asShown(check));
      const [first] = report.causes;
      expect(first).toMatchObject({ rank: 1, code, standing: 'confirmed' });
      expect(['blocked', 'degraded']).toContain(report.verdict);
      expect(report.unexplained).toEqual([]);
      expect(report.ruledOut.map((one) => one.code)).not.toContain(code);
      expect(first?.explains.length).toBeGreaterThan(0);
    },
  );
});

describe.concurrent('a fix', () => {
  it.each(CHECKS.map((check) => [check.code, check] as const))(
    'of %s opens what it claims to',
    async (_code, check) => {
      const { case: subject, report } = await runInLab(broken(check), targetsOf(check), asShown(check));
      const [first] = report.causes;
      expect(first).toBeDefined();
      if (first === undefined) return;
      expect(first.fix.summary).toMatch(/^[A-Z].*[.)]$/s);
      for (const command of [...first.fix.commands, ...first.fix.undo]) {
        expect(command).not.toMatch(/[\n\r]/);
        expect(command, 'a placeholder that a shell would read as a redirection').not.toMatch(/<[a-z]/i);
        expect(command).toMatch(/^(aws|sudo|curl|export|unset) |^[A-Z][A-Z0-9_]*=/);
      }
      for (const way of [first.fix, ...(first.fix.alternatives ?? [])]) expectComplete(way);
      const [applied] = fixesOf(subject, check);
      if (first.fix.proof === 'unproven') {
        expect(first.fix.reason.length).toBeGreaterThan(20);
        expect(applied?.unprovable).toBeDefined();
        return;
      }
      expect(first.fix.proof).toBe('opens');
      expect(report.fixPlan.opens).toEqual(report.targets.map((target) => target.id));
      // The same edit, applied to everything, and judged as a run without packets would judge it.
      const after = applyFixes(
        { state: subject.state, vantage: completeVantage(subject.vantage, subject.state) },
        applied === undefined ? [] : [applied],
      );
      const again = diagnose({ ...subject, ...after, probed: false, observations: [] });
      expect(again.targets.map((target) => target.status)).toEqual(again.targets.map(() => 'reachable'));
      expect(again.causes).toEqual([]);
    },
  );
});

/** What every way to repair a cause says: what to type, or why there is nothing to type; how it is taken back; the same as Terraform. */
function expectComplete(way: ReportFixAlternative): void {
  const words = way.summary;
  expect(words).toMatch(/^[A-Z].*[.)]$/s);
  const typed = [...way.commands, ...way.undo];
  for (const command of typed) {
    expect(command).not.toMatch(/[\n\r]|undefined|\[object/);
    expect(command, 'a placeholder that a shell would read as a redirection').not.toMatch(/<[a-z]/i);
  }
  // Where nothing can be typed, somebody has to be told what to do and why no command does it.
  if (way.commands.length === 0) {
    expect(way.undo, words).toEqual([]);
    expect(way.proof, words).toBe('unproven');
    expect(`${words} ${way.reason}`.length, words).toBeGreaterThan(80);
  }
  const changes = way.commands.filter((command) => CHANGES.test(command));
  // What cannot be taken back has to be said.
  if (changes.length > 0 && way.undo.length === 0)
    expect(way.caution ?? '', `no undo: ${changes.join(' ')}`).toMatch(/no way back|nothing to take back/);
  // What only looks, or asks the world, changes nothing that a fix could be.
  if (way.proof === 'opens') expect(way.commands.length, words).toBeGreaterThan(0);
  const terraform = way.terraform ?? '';
  expect(terraform, words).not.toMatch(/undefined|\[object|<[a-z]/i);
  expect(/^(resource|import) /m.test(terraform) || /^# .{30,}/.test(terraform), `${words}: ${terraform}`).toBe(true);
}

/** Commands after which AWS is not as it was; a shell variable may keep the id of what is made. */
const CHANGES =
  /\baws \S+ (?!describe-|get-|list-|search-|simulate-|wait )\S+|^sudo (?!update-ca|systemctl|chronyc|dnf|ethtool|resolvectl)/;

/** The fixes that a check proposes for a case, straight from its declaration. */
function fixesOf(subject: Case, check: AnyCheck) {
  return contextsOf(subject, subject.state).flatMap((context) => {
    const outcome = check.evaluate(context);
    return outcome.outcome === 'found' ? outcome.findings.map((finding) => check.fix(finding.facts, context)) : [];
  });
}

function contextsOf(subject: Case, state: State): CheckContext<SliceName>[] {
  const vantage = completeVantage(subject.vantage, subject.state);
  const { targets } = resolveTargets(subject.requests, {
    region: calledRegion(vantage),
    accountId: vantage.accountId,
    vpcId: vantage.vpcId,
    vpcEndpoints: subject.state.vpcEndpoints,
  });
  return targets.map((target) => ({
    target,
    vantage,
    client: clientOf(vantage),
    state,
    evidence: evidenceFor(subject.observations, subject.probed, vantage, target, LAB_PRIMARY),
  }));
}

describe('a refused slice', () => {
  it.each(CHECKS.filter((check) => check.needs.length > 0).map((check) => [check.code, check] as const))(
    'leaves %s found or undecided, never absent',
    async (code, check) => {
      const { case: subject } = await runInLab(broken(check), targetsOf(check), asShown(check));
      for (const slice of check.needs) {
        const state = { ...subject.state, [slice]: { known: false, why: 'denied', detail: 'not authorized' } } as State;
        const report = diagnose({ ...subject, state });
        const found = report.causes.some((cause) => cause.code === code);
        const undecided = report.undecided.find((one) => one.code === code);
        const ruledOut = report.ruledOut.find((one) => one.code === code);
        expect(ruledOut, `${slice} refused: ${ruledOut?.because}`).toBeUndefined();
        expect(found || undecided !== undefined, `${slice} refused, and ${code} is gone without a word`).toBe(true);
        if (!found) expect(undecided?.missing.map((one) => one.action)).toContain(SLICES[slice].action);
      }
    },
    30_000,
  );
});

describe('two faults at once', () => {
  // A pair says something where both can be seen in one run: the same target, and neither takes away what the other needs.
  // What only packets on an open connection show cannot be seen behind a closed gate, and the model proves nothing of it.
  const packetsOnly = ['mtu-blackhole', 'connection-intermittent'];
  const path = CHECKS.filter(
    (check) =>
      check.layer === 'path' &&
      targetsOf(check)[0] === LAB.secretsHost &&
      check.consequence !== true &&
      !packetsOnly.includes(check.code),
  );
  const names = CHECKS.filter((check) =>
    [
      'private-dns-disabled',
      'vpc-dns-hostnames-disabled',
      'vpc-dns-support-disabled',
      'hosts-file-overrides',
      'resolver-not-vpc',
      'resolver-unreachable',
    ].includes(check.code),
  );
  const pairs = [
    ...path.flatMap((one, i) => path.slice(i + 1).map((other) => [one, other] as const)),
    ...names.flatMap((one) => path.map((other) => [one, other] as const)),
  ].filter(([one, other]) => !(one.code.startsWith('route-') && other.code.startsWith('route-')));

  it.concurrent.each(pairs.map(([one, other]) => [one.code, other.code, one, other] as const))(
    '%s and %s are both named, and only the plan opens the target',
    async (a, b, one, other) => {
      const { report } = await runInLab(broken(one, other));
      const codes = report.causes.map((cause) => cause.code);
      expect(codes).toEqual(expect.arrayContaining([a, b]));
      expect(codes).toHaveLength(2);
      expect(report.unexplained).toEqual([]);
      expect(report.verdict).toBe('blocked');
      expect(report.causes.map((cause) => cause.fix.proof)).toEqual(['necessary', 'necessary']);
      expect(report.fixPlan).toMatchObject({ steps: [1, 2], opens: [LAB.secretsHost], remaining: [] });
    },
    30_000,
  );
});

describe('slices read', () => {
  it('equal slices declared, over every broken world', async () => {
    const read = new Map<string, Set<SliceName>>(CHECKS.map((check) => [check.code, new Set()]));
    const without = healthyWorld();
    without.api.vpcEndpoints = [];
    const exits = variants().map((world) => ({ ...world, api: { ...world.api, vpcEndpoints: [] } }));
    // Another VPC's gateway endpoint, with ways out of every kind.
    const gateways = variants().filter((world) => world.api.vpcEndpoints.some((one) => one.VpcId === LAB.vpc));
    for (const world of gateways)
      for (const check of CHECKS) if (check.code === 'endpoint-type-unsuited') check.demonstration.inject(world);
    const worlds = [
      healthyWorld(),
      ...CHECKS.map((check) => broken(check)),
      ...variants(),
      without,
      ...exits,
      ...gateways,
    ];
    for (const [i, world] of worlds.entries()) {
      const targets = [
        'secretsmanager',
        's3',
        'sts.amazonaws.com',
        'example.com',
        // What no endpoint here can serve: another Region's host, a service that is in no table.
        'secretsmanager.us-east-1.amazonaws.com',
        'shield.eu-west-1.amazonaws.com',
        '203.0.113.9',
        ...(CHECKS[i - 1]?.demonstration.targets ?? []),
      ];
      for (const subject of casesOf(world, targets)) {
        // All but the state is the same for every check, and reads no slice.
        const contexts = contextsOf(subject, subject.state);
        for (const check of CHECKS) {
          const seen = read.get(check.code) ?? new Set();
          const state = new Proxy(subject.state, {
            get: (real, name) => {
              if (typeof name === 'string' && name in SLICES) seen.add(name as SliceName);
              return Reflect.get(real, name);
            },
          });
          for (const plain of contexts) {
            const context = { ...plain, state };
            const outcome = check.evaluate(context);
            if (outcome.outcome === 'found') for (const finding of outcome.findings) check.fix(finding.facts, context);
            check.suspect?.(context);
          }
        }
      }
    }
    const wrong = CHECKS.flatMap((check) => {
      const seen = read.get(check.code) ?? new Set();
      const undeclared = [...seen].filter((name) => !check.needs.includes(name));
      const unread = check.needs.filter((name) => !seen.has(name));
      return undeclared.length + unread.length === 0 ? [] : [{ code: check.code, undeclared, unread }];
    });
    expect(wrong).toEqual([]);
    // Every check in every world: minutes on a busy machine.
  }, 180_000);
});

/** Worlds that lead checks where no demonstration goes: another VPC, ways out of every kind, IPv6, an unreadable list. */
function variants(): World[] {
  const peered = healthyWorld();
  for (const endpoint of peered.api.vpcEndpoints)
    if (endpoint.VpcEndpointType === 'Interface') endpoint.VpcId = 'vpc-20000002';
  for (const one of peered.api.networkInterfaces) if (one.InterfaceType === 'vpc_endpoint') one.VpcId = 'vpc-20000002';
  peered.api.vpcs.push({ VpcId: 'vpc-20000002', CidrBlock: '10.20.0.0/16' });
  for (const table of peered.api.routeTables)
    table.Routes?.push({
      DestinationCidrBlock: '10.0.0.0/8',
      VpcPeeringConnectionId: 'pcx-1',
      State: 'active',
      Origin: 'CreateRoute',
    });
  // The client stands in a third VPC, so that its way to the endpoint is the peering's.
  const own = peered.api.networkInterfaces.find((one) => one.NetworkInterfaceId === LAB.clientInterface);
  if (own !== undefined) own.VpcId = 'vpc-30000003';
  for (const table of peered.api.routeTables) table.VpcId = 'vpc-30000003';
  for (const table of peered.api.routeTables)
    table.Routes = table.Routes?.filter((route) => route.GatewayId !== 'local') ?? [];

  // The same with a NAT gateway in place of the peering: it leads out, and to no other VPC.
  const beyondNat = structuredClone(peered);
  for (const table of beyondNat.api.routeTables)
    table.Routes = [{ DestinationCidrBlock: '0.0.0.0/0', NatGatewayId: LAB.natGateway, State: 'active' }];
  beyondNat.api.natGateways.push({ NatGatewayId: LAB.natGateway, VpcId: 'vpc-30000003', SubnetId: LAB.publicSubnet });

  // And with a transit gateway, so that everything that it takes is looked at.
  const beyondGateway = structuredClone(peered);
  for (const table of beyondGateway.api.routeTables)
    table.Routes = [{ DestinationCidrBlock: '0.0.0.0/0', TransitGatewayId: 'tgw-1', State: 'active' }];
  for (const [id, vpc, subnet] of [
    ['tgw-attach-1', 'vpc-30000003', LAB.clientSubnet],
    ['tgw-attach-2', 'vpc-20000002', LAB.publicSubnet],
  ] as const) {
    const attached = { TransitGatewayAttachmentId: id, TransitGatewayId: 'tgw-1', State: 'available' };
    beyondGateway.api.transitGatewayVpcAttachments.push({ ...attached, VpcId: vpc, SubnetIds: [subnet] });
    beyondGateway.api.transitGatewayAttachments.push({
      ...attached,
      ResourceType: 'vpc',
      ResourceId: vpc,
      Association: { TransitGatewayRouteTableId: 'tgw-rtb-1', State: 'associated' },
    });
  }

  // The same where it is attached in the very subnets of both ends, and their network ACLs deny everything.
  const sameSubnets = structuredClone(beyondGateway);
  for (const one of sameSubnets.api.transitGatewayVpcAttachments)
    if (one.VpcId === 'vpc-20000002') one.SubnetIds = [LAB.endpointSubnetA, LAB.endpointSubnetB];
  for (const acl of sameSubnets.api.networkAcls) acl.Entries = [];

  const exit = healthyWorld();
  addNatGateway(exit);

  const wayOut = (route: Parameters<typeof addRoute>[2], edit: (world: World) => void = () => {}) => {
    const world = healthyWorld();
    addRoute(world, LAB.clientRouteTable, route);
    edit(world);
    return [world, bare(world)];
  };
  const unreadable = healthyWorld();
  unreadable.api.prefixLists = [];
  return [
    peered,
    beyondNat,
    beyondGateway,
    sameSubnets,
    bare(exit),
    unreadable,
    ...wayOut({ DestinationCidrBlock: '0.0.0.0/0', GatewayId: LAB.internetGateway }),
    ...wayOut({ DestinationCidrBlock: '0.0.0.0/0', NatGatewayId: LAB.natGateway }),
    ...wayOut({ DestinationCidrBlock: '0.0.0.0/0', TransitGatewayId: 'tgw-1' }),
    ...wayOut({ DestinationIpv6CidrBlock: '::/0', EgressOnlyInternetGatewayId: 'eigw-1' }, (world) => {
      for (const one of world.api.networkInterfaces) {
        if (one.NetworkInterfaceId !== LAB.clientInterface) continue;
        one.Ipv6Addresses = [{ Ipv6Address: '2001:db8::23' }];
        delete one.PrivateIpAddress;
        one.PrivateIpAddresses = [];
      }
    }),
  ];
}

/** The same world with its interface endpoints in a VPC that nothing leads to: only a way out can help. */
function bare(world: World): World {
  const copy = structuredClone(world);
  for (const endpoint of copy.api.vpcEndpoints)
    if (endpoint.VpcEndpointType === 'Interface') endpoint.VpcId = 'vpc-20000002';
  return copy;
}

/** A world as cases: without packets, and with the answers that its resolver would give. */
function casesOf(world: World, targets: readonly string[]): Case[] {
  const state = stateOfWorld(world);
  const own = world.api.networkInterfaces.find((one) => one.NetworkInterfaceId === world.client.networkInterfaceId);
  const vantage = completeVantage(
    {
      ...emptyVantage('ec2'),
      region: world.region,
      networkInterfaceId: own?.NetworkInterfaceId,
      addresses: [own?.PrivateIpAddress, own?.Ipv6Addresses?.[0]?.Ipv6Address].filter((one) => one !== undefined),
    },
    state,
  );
  const base: Case = {
    schemaVersion: 1,
    kind: 'vpce-doctor-case',
    tool: { name: 'vpce-doctor', version: '0' },
    startedAt: '2026-01-01T00:00:00.000Z',
    durationMs: 0,
    requests: [
      ...targets.map((host) =>
        /^[0-9.]+$/.test(host)
          ? { kind: 'address' as const, text: host, address: host, port: 443 }
          : host.includes('.')
            ? { kind: 'host' as const, text: host, host, port: 443 }
            : { kind: 'service' as const, text: host, service: host },
      ),
      { kind: 'address' as const, text: LAB.secretsAddressA, address: LAB.secretsAddressA, port: 443 },
    ],
    vantage,
    state,
    probed: false,
    observations: [],
    coverage: [],
    warnings: [],
  };
  const resolvers = [{ address: '10.0.0.53', port: 53 }];
  const answer = (host: string, server: string, address: string) => ({
    id: `dns ${host} A @${server}`,
    rung: 'dns' as const,
    subject: { name: host, type: 'A' as const, server, port: 53, transport: 'udp' as const },
    after: [],
    ms: 1,
    outcome: 'answered' as const,
    detail: { addresses: [address], cnames: [], answers: [], authority: [] },
  });
  const tcp = (address: string, outcome: 'open' | 'timeout') => ({
    id: `tcp ${address}:443`,
    rung: 'tcp' as const,
    subject: { address, port: 443 },
    after: [],
    ms: 1,
    outcome,
    detail: {},
  });
  const hello = (address: string, serverName: string) => ({
    id: `tls ${address}:443 ${serverName}`,
    rung: 'tls' as const,
    subject: { address, port: 443, serverName },
    after: [],
    ms: 1,
    outcome: 'name-mismatch' as const,
    detail: {
      chain: [
        {
          subject: 'CN=x',
          issuer: 'CN=y',
          subjectAlternativeNames: ['x.example'],
          validFrom: '',
          validTo: '',
          fingerprint256: '',
        },
      ],
    },
  });
  const silence = (host: string, server: string) => ({ ...answer(host, server, ''), outcome: 'timeout' as const });
  const hosts = [LAB.secretsHost, LAB.s3Host];
  const probed = (address: string, own: (host: string) => Observation[]): Case => ({
    ...base,
    probed: true,
    vantage: { ...vantage, resolvers },
    observations: [
      ...hosts.flatMap((host) => [...own(host), answer(host, LAB.resolver, LAB.secretsAddressA)]),
      tcp(address, 'open'),
      ...hosts.map((host) => hello(address, host)),
    ],
  });
  const everyHost = base.requests.flatMap((request) => (request.kind === 'host' ? [request.host] : hosts));
  const denial = (host: string) => ({ ...answer(host, LAB.resolver, ''), outcome: 'nxdomain' as const });
  const empty = (one: Observation) => ({ ...one, detail: { addresses: [], cnames: [], answers: [], authority: [] } });
  const told = (address: string) => probed(address, (host) => [answer(host, '10.0.0.53', address)]);
  const pinned = { ...told(LAB.publicSecretsAddress) };
  // Connections that open now and then, to what the names lead to.
  const nowAndThen = (address: string): Case => {
    const subject = told(address);
    const attempts = [40_000, 41_000, 42_000, 43_000, 44_000, 45_000].map((localPort, i) => {
      const one = tcp(address, i % 2 === 0 ? 'open' : 'timeout');
      return { ...one, id: `${one.id} from port ${localPort}`, subject: { ...one.subject, localPort } };
    });
    return { ...subject, observations: [...subject.observations, ...attempts] };
  };
  // A refusal that somebody pasted, of an object in a bucket and of a package in one of AWS's, and the policies that were read for it.
  const refusedTo = (host: string) => {
    const resource = 'arn:aws:s3:::reports/2026.csv';
    const denial = { kind: 'policy' as const, action: 's3:GetObject', resource, text: 'Access Denied' };
    return { kind: 'host' as const, text: host, host, port: 443, denial };
  };
  const bucketHosts = [`reports.${LAB.s3Host}`, `amazon-ssm-eu-west-1.${LAB.s3Host}`];
  const allowed = JSON.stringify({ Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] });
  const refused = (): Case => ({
    ...told(LAB.publicS3Address),
    requests: bucketHosts.map(refusedTo),
    state: {
      ...state,
      identityPolicies: { known: true, value: [{ PolicyName: 'reader', PolicyDocument: allowed }] },
    },
    observations: [
      ...bucketHosts.map((host) => answer(host, '10.0.0.53', LAB.publicS3Address)),
      tcp(LAB.publicS3Address, 'open'),
    ],
  });
  return [
    base,
    refused(),
    { ...base, requests: [{ kind: 'endpoint', text: LAB.secretsEndpoint, endpointId: LAB.secretsEndpoint }] },
    told(LAB.publicSecretsAddress),
    told('10.0.2.99'),
    // The VPC's own resolver denies the names, or gives what is nobody's: public, another network's, DNS64's.
    { ...base, probed: true, observations: [...new Set(everyHost)].map((host) => empty(denial(host))) } as Case,
    ...[LAB.publicSecretsAddress, '192.168.7.7', '64:ff9b::345e:a0a'].map((address) => ({
      ...base,
      probed: true,
      observations: [...new Set(everyHost)].map((host) => answer(host, LAB.resolver, address)),
    })),
    nowAndThen(LAB.publicSecretsAddress),
    nowAndThen(LAB.secretsAddressA),
    probed(LAB.publicSecretsAddress, (host) => [silence(host, '10.0.0.53')]),
    { ...pinned, vantage: { ...pinned.vantage, hosts: [{ line: 3, address: '192.0.2.1', names: hosts }] } },
    // A vantage that the metadata service gave no CIDR: the API's description of the VPC has to serve.
    { ...told(LAB.publicSecretsAddress), vantage: { ...vantage, resolvers, vpcCidrs: [] } },
    // A machine with settings of its own: a proxy, an endpoint URL, a metadata service that is switched off.
    ...[
      'https://staging.example',
      `https://${LAB.secretsEndpoint}-x.secretsmanager.${world.region}.vpce.amazonaws.com`,
    ].map(
      (url): Case => ({
        ...base,
        probed: true,
        vantage: {
          ...vantage,
          resolvers,
          instanceId: LAB.instance,
          proxy: { httpsProxy: 'http://10.0.0.99:3128' },
          sdk: { endpointUrls: { secrets_manager: url } },
          metadata: { outcome: 'forbidden', address: '169.254.169.254', port: 80, status: 403, ms: 1 },
        },
        observations: [
          {
            id: 'proxy http://10.0.0.99:3128',
            rung: 'proxy',
            subject: {
              variable: 'HTTPS_PROXY',
              scheme: 'http',
              name: '10.0.0.99',
              address: '10.0.0.99',
              port: 3128,
              host: LAB.secretsHost,
              hostPort: 443,
            },
            after: [],
            ms: 1,
            outcome: 'denied',
            detail: { status: 403 },
          },
        ],
      }),
    ),
  ];
}
