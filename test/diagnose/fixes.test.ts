/** Complete fixes: the smallest sets that open a target, one fix for several targets, alternatives by least privilege. */
import { describe, expect, it } from 'vitest';
import { type AnyCheck, draftElement, type Fix, found } from '../../src/checks/check.ts';
import { CHECKS, checkOf } from '../../src/checks/index.ts';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { applyFixes } from '../../src/diagnose/proof.ts';
import { stateOfWorld } from '../../src/lab/reachability.ts';
import { addInterfaceEndpoint, addNatGateway, find, healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import type { Case } from '../../src/model/case.ts';
import { PRIVILEGES } from '../../src/model/report.ts';
import { hasFixPlan, planOutcomes } from '../../src/report/summary.ts';
import { parseHcl } from '../checks/support/hcl.ts';
import { dns, finding, modelCase, sayingCheck, tcp } from './support.ts';

function broken(...codes: readonly Parameters<typeof checkOf>[0][]): World {
  const world = healthyWorld();
  for (const code of codes) checkOf(code)?.demonstration.inject(world);
  return world;
}

/** A second interface endpoint, for KMS, in the healthy world's zones and with a group of its own. */
function withKms(world: World): World {
  const model = find(world, 'vpcEndpoints', LAB.secretsEndpoint);
  const group = find(world, 'securityGroups', LAB.endpointGroup);
  world.api.securityGroups.push({ ...structuredClone(group), GroupId: 'sg-e0000002', GroupName: 'kms' });
  const twin = find(world, 'networkInterfaces', LAB.secretsInterfaceA);
  const PrivateIpAddress = '10.0.2.44';
  world.api.networkInterfaces.push({
    ...twin,
    NetworkInterfaceId: 'eni-aa000001',
    Description: 'VPC Endpoint Interface vpce-aa000001',
    PrivateIpAddress,
    PrivateIpAddresses: [{ PrivateIpAddress, Primary: true }],
    Groups: [{ GroupId: 'sg-e0000002' }],
  });
  world.api.vpcEndpoints.push({
    ...model,
    VpcEndpointId: 'vpce-aa000001',
    ServiceName: `com.amazonaws.${world.region}.kms`,
    NetworkInterfaceIds: ['eni-aa000001'],
    DnsEntries: [{ DnsName: KMS }],
  });
  return world;
}
const KMS = 'kms.eu-west-1.amazonaws.com';
const BOTH = [LAB.secretsHost, KMS];

/** A cause whose fix admits somebody in the endpoints' group. */
function admitting(code: AnyCheck['code'], targets: readonly string[], groupId: string, cidr: string): AnyCheck {
  const fix: Fix = {
    summary: `Admit ${cidr}.`,
    commands: [`aws ec2 authorize-security-group-ingress --group-id ${groupId} --cidr ${cidr}`],
    undo: [],
    owner: 'endpoint owner',
    edit: (draft) => {
      const group = draftElement(draft, 'securityGroups', 'GroupId', groupId);
      if (group !== undefined)
        group.IpPermissions = [...(group.IpPermissions ?? []), { IpProtocol: '-1', IpRanges: [{ CidrIp: cidr }] }];
    },
  };
  return sayingCheck(
    code,
    (target) => (targets.includes(target) ? found([finding('all')]) : { outcome: 'not-applicable' }),
    { fix: () => fix },
  );
}

describe('the smallest sets', () => {
  const closed = healthyWorld();
  find(closed, 'securityGroups', LAB.endpointGroup).IpPermissions = [];

  it('two fixes that each open the target are two sets, and the plan takes the first', () => {
    const checks = [
      admitting('client-nacl-blocks-egress', BOTH, LAB.endpointGroup, '10.0.1.0/24'),
      admitting('endpoint-nacl-blocks-ingress', BOTH, LAB.endpointGroup, '10.0.0.0/16'),
    ];
    const report = diagnose(modelCase(closed), checks);
    expect(report.fixPlan).toMatchObject({
      steps: [1],
      opens: [LAB.secretsHost],
      perTarget: [{ target: LAB.secretsHost, sets: [[1], [2]] }],
    });
    expect(report.causes.map((cause) => cause.fix.proof)).toEqual(['opens', 'opens']);
  });

  it('a fix that does nothing is in no set', () => {
    const checks = [
      admitting('client-nacl-blocks-egress', BOTH, LAB.endpointGroup, '192.0.2.0/24'),
      admitting('endpoint-nacl-blocks-ingress', BOTH, LAB.endpointGroup, '10.0.0.0/16'),
    ];
    const report = diagnose(modelCase(closed), checks);
    expect(report.fixPlan).toMatchObject({ steps: [2], perTarget: [{ sets: [[2]] }] });
    expect(report.causes.map((cause) => cause.fix.proof)).toEqual(['unproven', 'opens']);
  });

  it('two halves are one set of two', () => {
    const report = diagnose(modelCase(broken('endpoint-sg-blocks-client', 'endpoint-nacl-blocks-return')));
    expect(report.fixPlan).toMatchObject({ steps: [1, 2], perTarget: [{ sets: [[1, 2]] }] });
  });

  it('a target that has a choice takes what another one needs anyway', () => {
    const world = withKms(healthyWorld());
    find(world, 'securityGroups', LAB.endpointGroup).IpPermissions = [];
    find(world, 'networkInterfaces', 'eni-aa000001').Groups = [{ GroupId: LAB.endpointGroup }];
    const checks = [
      admitting('client-nacl-blocks-egress', [LAB.secretsHost], LAB.endpointGroup, '10.0.1.0/24'),
      admitting('endpoint-nacl-blocks-ingress', BOTH, LAB.endpointGroup, '10.0.0.0/16'),
    ];
    const report = diagnose(modelCase(world, BOTH), checks);
    const rank = report.causes.find((cause) => cause.code === 'endpoint-nacl-blocks-ingress')?.rank;
    expect(report.fixPlan.steps).toEqual([rank]);
    expect(report.fixPlan.opens).toEqual(BOTH);
  });

  it('nothing opens what a fault keeps shut that no fix of the model takes away', () => {
    const world = broken('endpoint-sg-blocks-client');
    world.api.vpcEndpoints = world.api.vpcEndpoints.map((endpoint) =>
      endpoint.VpcEndpointId === LAB.secretsEndpoint ? { ...endpoint, State: 'pending' } : endpoint,
    );
    const report = diagnose(modelCase(world));
    expect(report.fixPlan).toMatchObject({ opens: [], perTarget: [{ sets: [] }] });
    expect(report.fixPlan.remaining).toEqual([LAB.secretsHost]);
  });

  it('more causes than all their subsets could be tried: still one set that cannot be made smaller', () => {
    const codes = CHECKS.slice(0, 9).map((check) => check.code);
    const needed = admitting(codes[8] ?? 'tls-name-mismatch', BOTH, LAB.endpointGroup, '10.0.0.0/16');
    const idle = codes.slice(0, 8).map((code) => admitting(code, BOTH, LAB.endpointGroup, '192.0.2.0/24'));
    const report = diagnose(modelCase(closed), [...idle, needed]);
    const rank = report.causes.find((cause) => cause.code === needed.code)?.rank;
    expect(report.causes).toHaveLength(9);
    expect(report.fixPlan).toMatchObject({ steps: [rank], perTarget: [{ sets: [[rank]] }] });
  });
});

describe('one cause on several targets', () => {
  it.each(['client-sg-blocks-egress', 'client-nacl-blocks-egress', 'client-nacl-blocks-return'] as const)(
    '%s: one fix opens all of them',
    (code) => {
      const world = withKms(healthyWorld());
      checkOf(code)?.demonstration.inject(world);
      const subject = modelCase(world, BOTH);
      const report = diagnose(subject);
      expect(report.causes.map((cause) => [cause.code, cause.targets])).toEqual([[code, BOTH]]);
      expect(report.causes[0]?.fix.proof).toBe('opens');
      expect(report.fixPlan.opens).toEqual(BOTH);
      for (const way of report.causes[0]?.fix.alternatives ?? []) {
        expect(way.proof).toBe('opens');
        expect(way.reason).toContain(BOTH.join(', '));
      }
      const numbers = report.causes[0]?.fix.commands.map((command) => /--rule-number (\d+)/.exec(command)?.[1]);
      if (code !== 'client-sg-blocks-egress') expect(new Set(numbers).size).toBe(numbers?.length);
    },
  );

  it('whose fixes differ is one fix with all their commands, and Terraform that still reads', () => {
    const world = withKms(healthyWorld());
    checkOf('client-sg-blocks-egress')?.demonstration.inject(world);
    const [cause] = diagnose(modelCase(world, BOTH)).causes;
    expect(cause?.fix.commands).toHaveLength(2);
    expect(cause?.fix.undo).toHaveLength(2);
    const snippet = cause?.fix.terraform ?? '';
    const peers = parseHcl(snippet).map((block) => block.attributes.get('referenced_security_group_id'));
    expect(peers).toEqual([`"${LAB.endpointGroup}"`, '"sg-e0000002"']);
    expect(snippet.match(/# Undo/g)).toHaveLength(1);
    expect(snippet).toMatch(/# Undo[^\n]*$/);
    expect(cause?.fix.alternatives?.map((way) => way.privilege)).toEqual(['address', 'VPC', 'anywhere']);
  });

  it('packets and answers in one ACL get rules of different numbers', () => {
    const world = healthyWorld();
    const shared = find(world, 'networkAcls', LAB.clientAcl);
    world.api.networkAcls = [shared];
    shared.Associations = [LAB.clientSubnet, LAB.endpointSubnetA, LAB.endpointSubnetB].map((SubnetId) => ({
      SubnetId,
    }));
    shared.Entries = (shared.Entries ?? []).filter((entry) => entry.Egress !== true || entry.RuleNumber === 32767);
    const report = diagnose(modelCase(world));
    expect(report.causes.map((cause) => cause.code).sort()).toEqual([
      'client-nacl-blocks-egress',
      'endpoint-nacl-blocks-return',
    ]);
    const numbers = report.causes.flatMap((cause) =>
      cause.fix.commands.map((command) => /--rule-number (\d+)/.exec(command)?.[1]),
    );
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(report.fixPlan.opens).toEqual([LAB.secretsHost]);
  });
});

describe('alternatives', () => {
  const withAlternatives = CHECKS.flatMap((check) => {
    const world = healthyWorld();
    check.demonstration.inject(world);
    const report = diagnose(modelCase(world, check.demonstration.targets ?? [LAB.secretsHost]));
    const cause = report.causes.find((one) => one.code === check.code);
    return (cause?.fix.alternatives ?? []).length === 0 || cause === undefined ? [] : [{ world, check, report, cause }];
  });

  it('are there', () => expect(withAlternatives.length).toBeGreaterThan(6));

  it.each(withAlternatives.map((one) => [one.check.code, one] as const))(
    '%s: least privilege first, none like another, each as proven as it says',
    (_code, { cause, report }) => {
      const ways = [cause.fix, ...(cause.fix.alternatives ?? [])];
      const widths = ways.flatMap((way) => (way.privilege === undefined ? [] : [PRIVILEGES.indexOf(way.privilege)]));
      expect(widths).toEqual([...widths].sort((a, b) => a - b));
      expect(new Set(ways.map((way) => way.commands.join())).size).toBe(ways.length);
      for (const way of cause.fix.alternatives ?? []) {
        if (way.proof === 'unproven') expect(way.reason.length).toBeGreaterThan(20);
        else expect(way.reason).toContain(report.targets[0]?.id);
      }
    },
  );

  it('that the model proves do open the target', () => {
    let proven = 0;
    for (const { world, check, report } of withAlternatives) {
      const subject = modelCase(world, check.demonstration.targets ?? [LAB.secretsHost]);
      for (const way of report.causes.find((one) => one.code === check.code)?.fix.alternatives ?? []) {
        if (way.proof !== 'opens') continue;
        const again: AnyCheck = {
          ...check,
          fix: (facts, context) => {
            const fix = check.fix(facts, context);
            const same = fix.alternatives?.find((one) => one.summary === way.summary);
            return { ...fix, ...same, alternatives: [] };
          },
        };
        expect(diagnose(subject, [again]).fixPlan.opens).toEqual(report.targets.map((target) => target.id));
        proven += 1;
      }
    }
    expect(proven).toBeGreaterThan(8);
  });

  it('a prefix list goes before everything, and a group before addresses', () => {
    const world = healthyWorld();
    find(world, 'securityGroups', LAB.clientGroup).IpPermissionsEgress = [];
    const [s3] = diagnose(modelCase(world, ['s3'])).causes;
    expect([s3?.fix.privilege, s3?.fix.alternatives?.map((way) => way.privilege)]).toEqual([
      'prefix list',
      ['anywhere'],
    ]);
    const [secrets] = diagnose(modelCase(world)).causes;
    expect([secrets?.fix.privilege, secrets?.fix.alternatives?.map((way) => way.privilege)]).toEqual([
      'security group',
      ['address', 'VPC', 'anywhere'],
    ]);
  });
});

describe('the state that fixes are tried on', () => {
  it('is never the one that was read', () => {
    const world = broken('private-dns-disabled');
    addNatGateway(world);
    const state = stateOfWorld(world);
    const before = JSON.stringify(state);
    const subject = { ...modelCase(world), state };
    diagnose(subject);
    expect(JSON.stringify(state)).toBe(before);
    expect(applyFixes(subject, []).state).toEqual(state);
  });
});

describe('what no model can show', () => {
  const outside = sayingCheck('host-firewall-blocks', () => found([finding('all')]), {
    fix: () => ({
      summary: 'Let it out.',
      commands: [],
      undo: [],
      owner: 'host owner',
      unprovable: 'the machine’s own firewall is no part of the model',
    }),
  });
  const silent = (world: World): Case => ({
    ...modelCase(world),
    probed: true,
    observations: [
      dns(LAB.secretsHost, 'answered', LAB.secretsAddressA, LAB.secretsAddressB),
      tcp(LAB.secretsAddressA, 'timeout'),
      tcp(LAB.secretsAddressB, 'timeout'),
    ],
  });

  it('is told apart from what stays closed, and needs no plan of its own', () => {
    const report = diagnose(silent(healthyWorld()), [outside]);
    expect(report.fixPlan).toMatchObject({
      opens: [],
      remaining: [LAB.secretsHost],
      beyondModel: { targets: [LAB.secretsHost], steps: [1] },
    });
    expect(hasFixPlan(report)).toBe(false);
    expect(planOutcomes(report).map(({ kind }) => kind)).toEqual(['beyond']);
  });

  it('is said in the plan beside what the model does open', () => {
    const sg = checkOf('endpoint-sg-blocks-client');
    if (sg === undefined) throw new Error('no such check');
    const report = diagnose(silent(broken('endpoint-sg-blocks-client')), [sg, outside]);
    const [only, ...more] = planOutcomes(report);
    expect(more).toEqual([]);
    expect(only?.kind).toBe('beyond');
    const rank = report.causes.find((cause) => cause.code === 'host-firewall-blocks')?.rank;
    expect(report.fixPlan.beyondModel).toEqual({ targets: [LAB.secretsHost], steps: [rank] });
    expect(only?.text).toContain(`does not hold what cause ${rank} is about`);
  });

  it('does not stand in for a way that stays closed', () => {
    const report = diagnose(silent(broken('endpoint-sg-blocks-client')), [outside]);
    expect(report.fixPlan).toMatchObject({ remaining: [LAB.secretsHost] });
    expect(report.fixPlan.beyondModel).toBeUndefined();
    expect(planOutcomes(report).map(({ kind }) => kind)).toEqual(['closed']);
  });
});

describe('where another resolver answers, and nobody asked it', () => {
  const world = healthyWorld();
  world.api.vpcEndpoints = world.api.vpcEndpoints.filter((one) => one.VpcEndpointType !== 'Gateway');
  for (const table of world.api.routeTables)
    table.Routes = table.Routes?.filter((route) => route.DestinationPrefixListId === undefined);
  const proofOf = (nameservers: string[]) => {
    world.client.nameservers = nameservers;
    const report = diagnose(modelCase(world, ['s3']), [
      sayingCheck('endpoint-missing', () => found([finding('all')]), {
        fix: () => ({
          summary: 'Create it.',
          commands: ['aws ec2 create-vpc-endpoint'],
          undo: [],
          owner: 'network owner',
          edit: (draft) => {
            const model = find(healthyWorld(), 'vpcEndpoints', LAB.s3Endpoint);
            draft.slices.vpcEndpoints.push(model);
            const table = draftElement(draft, 'routeTables', 'RouteTableId', LAB.clientRouteTable);
            const route = find(healthyWorld(), 'routeTables', LAB.clientRouteTable).Routes?.find(
              (one) => one.DestinationPrefixListId !== undefined,
            );
            if (table !== undefined && route !== undefined) table.Routes = [...(table.Routes ?? []), route];
          },
        }),
      }),
    ]);
    return [report.targets[0]?.status, report.causes[0]?.fix.proof];
  };

  it('no fix is said to open the target', () => {
    expect(proofOf([LAB.resolver])).toEqual(['unreachable', 'opens']);
    expect(proofOf(['10.0.0.53'])).toEqual(['unknown', 'unproven']);
  });
});

describe('a forwarding rule for a domain above the name', () => {
  it('is overruled for this name alone, and only else taken away', () => {
    const registry = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
    const world = healthyWorld();
    addInterfaceEndpoint(world, 'vpce-ec200001', 'ecr.dkr', 'dkr.ecr');
    const endpoint = find(world, 'vpcEndpoints', 'vpce-ec200001');
    endpoint.PrivateDnsEnabled = true;
    endpoint.DnsEntries = [
      ...(endpoint.DnsEntries ?? []),
      ...['dkr.ecr.eu-west-1.amazonaws.com', '*.dkr.ecr.eu-west-1.amazonaws.com'].map((DnsName) => ({ DnsName })),
    ];
    checkOf('resolver-rule-forwards')?.demonstration.inject(world);
    for (const rule of world.api.resolverRules) rule.DomainName = 'dkr.ecr.eu-west-1.amazonaws.com.';
    const report = diagnose({
      ...modelCase(world, [registry]),
      probed: true,
      observations: [dns(registry, 'answered', '52.94.10.40'), tcp('52.94.10.40', 'timeout')],
    });
    const fix = report.causes.find((cause) => cause.code === 'resolver-rule-forwards')?.fix;
    expect(fix).toMatchObject({ proof: 'opens', alternatives: [{ proof: 'opens' }] });
    expect(fix?.commands[0]).toContain(`--rule-type SYSTEM --domain-name ${registry}`);
    expect(fix?.alternatives?.[0]?.commands[0]).toContain('disassociate-resolver-rule');
    for (const snippet of [fix?.terraform, fix?.alternatives?.[0]?.terraform]) parseHcl(snippet ?? 'none');
  });
});
