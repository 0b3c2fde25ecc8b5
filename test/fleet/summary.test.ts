import { Ajv2020 } from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hostOf, type ReportFacts } from '../../src/fleet/facts.ts';
import { renderFleet } from '../../src/fleet/render.ts';
import { type FleetSummary, fleetJsonSchema } from '../../src/fleet/schema.ts';
import { summarize } from '../../src/fleet/summary.ts';
import { addReport, emptyTally } from '../../src/fleet/tally.ts';
import { anyReport, cause, HOST, report, SERVICE } from './reports.ts';

const SG = 'endpoint-sg-blocks-client';

function fleet(reports: readonly ReportFacts[], top = 1_000): FleetSummary {
  const tally = emptyTally();
  for (const one of reports) addReport(tally, one);
  return summarize(tally, { top, unreadable: { count: 0, examples: [] }, complete: true });
}

/** So many reports, of hosts from `from` on. */
function many(amount: number, from: number, given: Parameters<typeof report>[1]): ReportFacts[] {
  return Array.from({ length: amount }, (_, index) => report(from + index, given));
}

describe('what it says of many hosts', () => {
  const group = cause(SG, ['sg-e0000001']);
  const acl = cause('endpoint-nacl-blocks-ingress', ['acl-e0000001', 'subnet-e0000001']);
  const clock = cause('clock-skew', [], { layer: 'host', severity: 'degrading' });

  test.each<[string, ReportFacts[], string]>([
    ['nothing', [], 'No report could be read.'],
    ['one healthy', [report(1)], 'The one host is healthy.'],
    ['all healthy', many(3, 0, {}), 'All 3 hosts are healthy.'],
    [
      'none failing',
      [...many(3, 0, {}), report(9, { verdict: 'inconclusive' })],
      'None of 4 hosts fails, but 1 is inconclusive.',
    ],
    [
      'one failing',
      [report(1, { causes: [group] })],
      `One security group, sg-e0000001 (${SG}), explains the one failing host.`,
    ],
    [
      'all by one',
      many(430, 0, { causes: [group] }),
      `One security group, sg-e0000001 (${SG}), explains all 430 failing hosts.`,
    ],
    [
      'most by one',
      [...many(412, 0, { causes: [group] }), ...many(18, 500, { causes: [group, acl] })],
      `One security group, sg-e0000001 (${SG}), explains 412 of 430 failing hosts. With 1 more cause all are explained.`,
    ],
    [
      'only together',
      many(5, 0, { causes: [group, acl] }),
      '2 causes together explain all 5 failing hosts; none alone explains a host.',
    ],
    [
      'each by itself',
      many(40, 0, { verdict: 'degraded', causes: [clock] }),
      'clock-skew, on each host by itself, explains all 40 failing hosts.',
    ],
    [
      'likely only',
      many(2, 0, { causes: [{ ...group, standing: 'likely' }] }),
      `One security group, sg-e0000001 (${SG}), probably explains all 2 failing hosts.`,
    ],
    ['no cause', many(2, 0, { verdict: 'blocked' }), 'No cause was found for any of 2 failing hosts.'],
    [
      'none as a whole',
      [...many(5, 0, { causes: [group], unexplained: ['tcp-1'] })],
      `No cause explains all that is wrong with any of 5 failing hosts. ${SG} is the most frequent one, on 5.`,
    ],
    [
      'some without a cause',
      [...many(8, 0, { causes: [group] }), ...many(2, 50, { causes: [group], unexplained: ['tcp-1'] })],
      `One security group, sg-e0000001 (${SG}), explains 8 of 10 failing hosts. 2 hosts fail in ways that no cause explains.`,
    ],
  ])('%s', (_, reports, headline) => expect(fleet(reports).headline).toBe(headline));

  test('a cause that only advises explains nothing', () => {
    const { explanation, causes } = fleet(
      many(2, 0, { verdict: 'blocked', causes: [{ ...group, severity: 'advice' }] }),
    );
    expect(explanation).toMatchObject({ failing: 2, explained: 0, unexplained: 2, steps: { total: 0 } });
    expect(causes.rows).toMatchObject([{ code: SG, hosts: 2, failing: 0 }]);
  });

  test('resources after the first kind are context', () => {
    const { resources } = fleet([
      report(1, { causes: [acl] }),
      report(2, { causes: [{ ...acl, resources: ['acl-e0000001', 'subnet-e0000002'] }] }),
    ]);
    expect(resources.rows).toEqual([{ code: acl.code, resource: 'acl-e0000001', onEachHost: false, hosts: 2 }]);
  });

  test('any of the groups on an endpoint will do, and the shared one is named', () => {
    const { explanation } = fleet([
      ...many(3, 0, { causes: [cause(SG, ['sg-00000001', 'sg-00000009'])] }),
      ...many(3, 10, { causes: [cause(SG, ['sg-00000002', 'sg-00000009'])] }),
    ]);
    expect(explanation.steps.rows).toMatchObject([{ resource: 'sg-00000009', alone: 6 }]);
  });

  test('an address is another one in each VPC, an AWS id is not', () => {
    const resolver = cause('resolver-not-vpc', ['10.0.0.9'], { layer: 'dns' });
    const at = (vpcId: string) => ({ causes: [resolver, group], vantage: { vpcId } });
    const { resources } = fleet([report(1, at('vpc-00000001')), report(2, at('vpc-00000002'))]);
    expect(resources.rows.map(({ resource, vpcId, hosts }) => [resource, vpcId, hosts])).toEqual([
      ['sg-e0000001', undefined, 2],
      ['10.0.0.9', 'vpc-00000001', 1],
      ['10.0.0.9', 'vpc-00000002', 1],
    ]);
  });

  test('every missing endpoint is a change of its own', () => {
    const missing = cause('endpoint-missing', ['vpc-10000001', 'rtb-c0000001'], {
      layer: 'endpoint',
      targets: [HOST, 'sqs'],
    });
    const one = report(1, { causes: [missing] });
    const { explanation } = fleet([
      { ...one, targets: [...one.targets, { id: 'sqs', status: 'unreachable', causes: [] }] },
    ]);
    expect(explanation.steps.rows.map(({ resource, service }) => `${resource} ${service}`)).toEqual([
      `vpc-10000001 ${SERVICE}`,
      'vpc-10000001 sqs',
    ]);
  });

  test('a failing target that no cause names keeps its host unexplained', () => {
    const one = report(1, { causes: [group] });
    const { explanation } = fleet([
      { ...one, targets: [...one.targets, { id: 'sqs', status: 'unreachable', causes: [] }] },
    ]);
    expect(explanation).toMatchObject({ explained: 0, unexplained: 1 });
  });

  test('the newest report of a host counts, whichever comes first', () => {
    const older = report(1, { causes: [group], startedAt: '2026-11-20T08:00:00Z' });
    const newer = report(1, { startedAt: '2026-11-20T08:00:01Z' });
    for (const reports of [
      [older, newer],
      [newer, older],
    ])
      expect(fleet(reports)).toMatchObject({
        verdict: 'healthy',
        hosts: { hosts: 1 },
        reports: { read: 2, superseded: 1 },
      });
  });

  test('the fix is from a report that counts', () => {
    const fixed = (host: number, command: string, startedAt: string, causes = [cause(SG, ['sg-e0000001'])]) =>
      report(host, { startedAt, causes: causes.map((one) => ({ ...one, fix: { ...one.fix, commands: [command] } })) });
    const { explanation } = fleet([
      fixed(1, 'outdated', '2026-11-20T09:00:00Z'),
      fixed(1, '', '2026-11-20T10:00:00Z', []),
      fixed(2, 'current', '2026-11-20T08:00:00Z'),
    ]);
    expect(explanation.steps.rows[0]?.fix).toMatchObject({ host: 'i-00000000000000002', commands: ['current'] });
  });

  test('all failures in one zone, and not where there is no other', () => {
    const az2 = { vantage: { availabilityZoneId: 'euw1-az2' } };
    const failing = many(37, 0, { ...az2, causes: [group] });
    expect(fleet([...failing, ...many(3, 100, az2), ...many(60, 200, {})]).together).toEqual([
      { where: 'zone', id: 'euw1-az2', hosts: 40, failing: 37 },
    ]);
    expect(fleet([...failing, ...many(3, 100, az2)]).together).toEqual([]);
    expect(fleet([...failing, ...many(60, 200, {}), report(900, { causes: [group] })]).together).toEqual([]);
    const text = renderFleet(fleet([...failing, ...many(3, 100, az2), ...many(60, 200, {})]), 'text', {
      width: 200,
      color: false,
      unicode: true,
    });
    expect(text).toContain(
      'All 37 failing hosts are in zone euw1-az2, where 3 more do not; 60 hosts elsewhere do not fail.',
    );
  });

  test('refused calls by hosts', () => {
    const undecided = [
      { code: 'a', missing: [{ action: 'ec2:DescribeNetworkAcls', why: 'denied' }], matters: true },
      { code: 'b', missing: [{ action: 'ec2:DescribeNetworkAcls', why: 'denied' }], matters: false },
    ];
    const summary = fleet([...many(120, 0, { verdict: 'inconclusive', undecided }), ...many(5, 500, {})]);
    expect(summary.undecided.rows).toEqual([
      { action: 'ec2:DescribeNetworkAcls', why: 'denied', hosts: 120, matters: 120, causes: ['a', 'b'] },
    ]);
    expect(renderFleet(summary, 'text', { width: 200, color: false, unicode: true })).toMatch(
      /ec2:DescribeNetworkAcls was denied on 120 hosts: it would decide 2 causes, and could change the verdict of\s+120 hosts\./,
    );
  });

  test('accounts that were redacted do not compare', () => {
    expect(fleet([report(1, { vantage: { accountId: 'account-1' } })]).accounts.rows).toMatchObject([{ hosts: 1 }]);
    expect(fleet([report(1, { vantage: { accountId: 'account-1' } })]).accounts.rows[0]).not.toHaveProperty('id');
  });

  test('--top shortens tables and not counts', () => {
    const reports = Array.from({ length: 9 }, (_, n) => report(n, { causes: [cause(SG, [`sg-0000000${n}`])] }));
    const { explanation, resources, headline } = fleet(reports, 2);
    expect(explanation).toMatchObject({ failing: 9, explained: 9, steps: { total: 9, rows: [{}, {}] } });
    expect(resources).toMatchObject({ total: 9, rows: [{}, {}] });
    expect(headline).toContain('explains 1 of 9 failing hosts. With 8 more causes all are explained.');
  });
});

describe('whose report it is', () => {
  const vantage = report(1).vantage;
  const { instanceId: _, ...withoutInstance } = vantage;
  const { networkInterfaceId: __, ...withAddress } = withoutInstance;
  const { vpcId: ___, subnetId: ____, ...nowhere } = withAddress;
  test.each<[string, ReportFacts['vantage'], string | undefined]>([
    ['an instance', vantage, 'i-00000000000000001'],
    ['an interface', withoutInstance, 'eni-00000000000000001'],
    ['an address and its VPC', withAddress, '10.0.0.1 in vpc-10000001'],
    ['an address alone is nobody', nowhere, undefined],
    [
      'a pod beside others on one instance',
      { ...vantage, kind: 'eks-pod', networkInterfaceId: undefined },
      '10.0.0.1 on i-00000000000000001',
    ],
    ['a task with its own interface', { ...vantage, kind: 'ecs-fargate' }, '10.0.0.1 on eni-00000000000000001'],
  ])('%s', (_name, given, host) => expect(hostOf(given)).toBe(host));
});

describe('whatever is reported', () => {
  const reports = fc.array(anyReport, { maxLength: 25 });
  const valid = new Ajv2020({ strict: true, allErrors: true }).compile(fleetJsonSchema('refused'));

  test('the order does not matter', () => {
    fc.assert(
      fc.property(reports, fc.infiniteStream(fc.nat()), (given, keys) => {
        const shuffled = given
          .map((one) => ({ one, key: keys.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ one }) => one);
        expect(fleet(shuffled)).toEqual(fleet(given));
        expect(fleet(given.toReversed())).toEqual(fleet(given));
      }),
    );
  });

  test('the totals add up', () => {
    fc.assert(
      fc.property(reports, (given) => {
        const summary = fleet(given);
        const { hosts, explanation } = summary;
        expect(summary.reports.read).toBe(given.length);
        expect(hosts.hosts).toBe(given.length - summary.reports.superseded);
        expect(hosts.healthy + hosts.degraded + hosts.blocked + hosts.inconclusive).toBe(hosts.hosts);
        expect(explanation.failing).toBe(hosts.degraded + hosts.blocked);
        expect(explanation.explained + explanation.unexplained).toBe(explanation.failing);
        expect(explanation.steps.rows.at(-1)?.together ?? 0).toBe(explanation.explained);
        const sum = (rows: readonly { readonly hosts: number }[]) => rows.reduce((all, row) => all + row.hosts, 0);
        for (const places of [summary.accounts, summary.vpcs, summary.zones, summary.subnets, summary.versions])
          expect(sum(places.rows)).toBe(hosts.hosts);
        for (const row of summary.services.rows)
          expect(row.unreachable + row.degraded + row.unknown + row.reachable).toBe(row.hosts);
        for (const row of summary.causes.rows) expect(row.confirmed + row.likely + row.modelled).toBe(row.hosts);
        for (const row of explanation.steps.rows) expect(row.confirmed + row.likely + row.modelled).toBe(row.hosts);
      }),
    );
  });

  test('it fits the published schema, and comes out in every form', () => {
    fc.assert(
      fc.property(reports, fc.integer({ min: 1, max: 3 }), (given, top) => {
        const summary = fleet(given, top);
        const options = { width: 80, color: false, unicode: true };
        expect(valid(JSON.parse(renderFleet(summary, 'json', options))), JSON.stringify(valid.errors)).toBe(true);
        for (const format of ['text', 'html'] as const)
          expect(renderFleet(summary, format, options)).toMatch(/[^\n]\n$/);
      }),
    );
  });

  test('a host is counted once however often it reports', () => {
    fc.assert(
      fc.property(reports, (given) => {
        const named = given.filter(({ vantage }) => hostOf(vantage) !== undefined);
        const { reports: _reports, ...once } = fleet(named);
        const { reports: __, ...twice } = fleet([...named, ...named]);
        expect(twice).toEqual(once);
      }),
    );
  });
});

describe('strings from outside', () => {
  const evil = '\u001b[2J</script><b>\u202e\n| x';
  const hostile = report(1, {
    vantage: { instanceId: evil, vpcId: evil, availabilityZoneId: evil },
    causes: [cause(evil, [evil], { title: evil })],
    undecided: [{ code: evil, missing: [{ action: evil, why: evil }], matters: true }],
    tool: { name: 'vpce-doctor', version: evil },
  });

  test.each(['text', 'json', 'html'] as const)('move no terminal and break no page: %s', (format) => {
    const text = renderFleet(fleet([hostile, report(2)]), format, { width: 100, color: false, unicode: true });
    expect(text).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u);
    if (format === 'html') expect(text).not.toMatch(/<b>|<script|<\/script/);
  });

  test('in ASCII where a terminal draws no more', () => {
    const text = renderFleet(fleet([hostile]), 'text', { width: 100, color: false, unicode: false });
    expect(text).toMatch(/^[\n -~]*$/);
  });
});
