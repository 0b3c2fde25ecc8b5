/** Which paths are drawn beside a cause, and which addresses get a table. */
import { describe, expect, test } from 'vitest';
import type { HopList, Report, ReportCause } from '../../src/model/report.ts';
import { addressRows } from '../../src/report/addresses.ts';
import { pathsOf } from '../../src/report/paths.ts';
import { healthy } from './fixtures.ts';
import { endpointGroup, partialAcl, twoFaults } from './fixtures-faults.ts';
import { manyTargets } from './fixtures-odd.ts';
import { dns, ENDPOINT_ACL, ENDPOINT_GROUP, path, SECRETS, tcp } from './parts.ts';

const ENI = { to: '10.0.2.14', networkInterfaceId: 'eni-0f', zone: 'eu-west-1a' };

function only(report: Report): ReportCause {
  const [cause] = report.causes;
  if (cause === undefined) throw new Error('fixture without a cause');
  return cause;
}

function withPaths(report: Report, hops: readonly HopList[]): Report {
  return { ...report, targets: report.targets.map((target) => ({ ...target, hops })) };
}

describe('pathsOf', () => {
  test('interfaces behind the same gates are drawn once', () => {
    const paths = pathsOf(endpointGroup, only(endpointGroup));
    expect(paths).toHaveLength(1);
    expect(paths[0]?.alike).toEqual(['10.0.3.14']);
    expect(paths[0]?.out.find((hop) => hop.own)?.label).toBe(`${ENDPOINT_GROUP} in`);
  });

  test('22 targets behind one group are one drawing', () => {
    const paths = pathsOf(manyTargets, only(manyTargets));
    expect(paths).toHaveLength(1);
    expect(paths[0]?.alike).toHaveLength(21);
  });

  test('a path that passes, and a cause that sits on no gate, draw nothing', () => {
    expect(pathsOf(partialAcl, only(partialAcl)).map(({ to }) => to)).toEqual(['10.0.3.14']);
    expect(pathsOf(twoFaults, only(twoFaults))).toEqual([]);
  });

  test("another cause's gate on the same path is marked with its rank", () => {
    const first = only(endpointGroup);
    const second: ReportCause = {
      ...first,
      rank: 2,
      code: 'endpoint-nacl-blocks-return',
      resources: [ENDPOINT_ACL],
    };
    const both = withPaths({ ...endpointGroup, causes: [first, second] }, [
      path('block', [['endpoint-sg-ingress', 'sg in', 'block', ENDPOINT_GROUP]], ENI, [
        ['endpoint-nacl-return', 'acl out', 'block', ENDPOINT_ACL],
      ]),
    ]);
    const [drawn] = pathsOf(both, first);
    expect(drawn?.out.map((hop) => [hop.own, hop.otherCause])).toEqual([
      [false, undefined],
      [true, undefined],
      [false, undefined],
    ]);
    expect(drawn?.back.map((hop) => hop.otherCause)).toEqual([2, undefined]);
    expect(drawn?.back.at(-1)?.label).toBe('10.0.1.23');
  });

  test('one ACL at two gates: each cause owns its own gate', () => {
    const cause: ReportCause = {
      ...only(endpointGroup),
      code: 'endpoint-nacl-blocks-ingress',
      resources: [ENDPOINT_ACL],
    };
    const report = withPaths({ ...endpointGroup, causes: [cause] }, [
      path('block', [['endpoint-nacl-ingress', 'acl in', 'block', ENDPOINT_ACL]], ENI, [
        ['endpoint-nacl-return', 'acl out', 'block', ENDPOINT_ACL],
      ]),
    ]);
    const [drawn] = pathsOf(report, cause);
    expect(drawn?.out.find((hop) => hop.own)?.label).toBe('acl in');
    expect(drawn?.back.some((hop) => hop.own)).toBe(false);
  });

  test('gates of one subnet are one stretch of the way; a long note is told below', () => {
    const report = withPaths(endpointGroup, [
      path(
        'block',
        [
          ['client-nacl-egress', '? out', 'skipped', undefined, 'one subnet: network ACLs do not apply'],
          ['route', '? route', 'skipped', undefined, 'one subnet: network ACLs do not apply'],
          ['endpoint-nacl-ingress', '? in', 'skipped'],
          ['endpoint-sg-ingress', 'sg in', 'block', ENDPOINT_GROUP, 'no rule admits 10.0.1.23'],
        ],
        ENI,
      ),
    ]);
    const [drawn] = pathsOf(report, only(report));
    expect(drawn?.out.map((hop) => hop.label)).toEqual([
      '10.0.1.23',
      'same subnet: not evaluated',
      'sg in',
      'eni-0f 10.0.2.14',
    ]);
    expect(drawn?.notes).toEqual(['one subnet: network ACLs do not apply', 'sg in: no rule admits 10.0.1.23']);
  });

  test('a gate without a resource belongs to the cause that its name tells', () => {
    const cause: ReportCause = { ...only(endpointGroup), code: 'route-missing', resources: [] };
    const report = withPaths({ ...endpointGroup, causes: [cause] }, [
      path('block', [['route', 'no route', 'block']], ENI),
    ]);
    expect(pathsOf(report, cause)[0]?.out.map((hop) => hop.own)).toEqual([false, true, false]);
    expect(pathsOf(report, { ...cause, code: 'client-sg-blocks-egress' })).toEqual([]);
  });
});

describe('addressRows', () => {
  const [target] = partialAcl.targets;
  if (target === undefined) throw new Error('fixture without a target');

  test('addresses that differ get a row each', () => {
    expect(addressRows(partialAcl, target)).toEqual([
      {
        zone: 'eu-west-1a',
        address: '10.0.1.77',
        dns: 'yes',
        tcp: 'open',
        tls: 'trusted',
        https: '-',
        model: 'passes',
      },
      {
        zone: 'eu-west-1b',
        address: '10.0.3.14',
        dns: 'yes',
        tcp: '2 of 4',
        tls: 'trusted',
        https: '-',
        model: 'in part',
      },
    ]);
  });

  test('addresses that behave alike get no table', () => {
    for (const report of [healthy, endpointGroup]) {
      for (const entry of report.targets) expect(addressRows(report, entry)).toEqual([]);
    }
  });

  test("another resolver's answer leads no packet anywhere", () => {
    const [entry] = endpointGroup.targets;
    if (entry === undefined) throw new Error('fixture without a target');
    const foreign = dns(SECRETS, ['52.94.216.40'], { server: '10.9.9.9' });
    const report = { ...endpointGroup, observations: [...endpointGroup.observations, foreign] };
    expect(addressRows(report, entry)).toEqual([]);
  });

  test('another port is another question', () => {
    const [entry] = endpointGroup.targets;
    if (entry === undefined) throw new Error('fixture without a target');
    const report = {
      ...endpointGroup,
      observations: [...endpointGroup.observations, tcp('10.0.2.14', 'open', { port: 80 })],
    };
    expect(addressRows(report, entry)).toEqual([]);
  });
});
