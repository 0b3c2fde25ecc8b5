/**
 * Two faults at once, over every pair there is and on the model alone (contract.test.ts sends packets for the pairs that can
 * both be seen): what one of them means alone it also means beside the other, or the other one hides it for a stated reason.
 */
import { describe, expect, it } from 'vitest';
import type { AnyCheck } from '../../src/checks/check.ts';
import { CHECKS } from '../../src/checks/index.ts';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { healthyWorld, LAB } from '../../src/lab/world.ts';
import type { CauseCode } from '../../src/model/codes.ts';
import type { Report } from '../../src/model/report.ts';
import { modelCase } from '../diagnose/support.ts';

function reportOf(checks: readonly AnyCheck[]): Report {
  const world = healthyWorld();
  for (const check of checks) check.demonstration.inject(world);
  const targets = new Set([LAB.secretsHost, LAB.s3Host, ...checks.flatMap((one) => one.demonstration.targets ?? [])]);
  return diagnose(modelCase(world, [...targets]));
}
const codesOf = (report: Report): CauseCode[] => [...new Set(report.causes.map((cause) => cause.code))];

/** Without an interface there are no gates before it. */
const NO_INTERFACE = ['endpoint-missing', 'endpoint-in-other-vpc', 'endpoint-without-subnets', 'public-path-used'];
const GATES = [
  'endpoint-sg-blocks-client',
  'client-nacl-blocks-egress',
  'client-nacl-blocks-return',
  'endpoint-nacl-blocks-ingress',
  'endpoint-nacl-blocks-return',
  'client-sg-blocks-egress',
  'route-overrides-endpoint',
  'route-blackhole',
];
/** What is said of an endpoint that exists, in this VPC, under a name that leads to it. */
const OF_AN_ENDPOINT = [
  'endpoint-missing',
  'endpoint-in-other-vpc',
  'endpoint-not-available',
  'endpoint-pending-acceptance',
  'endpoint-rejected',
  'endpoint-without-subnets',
  'endpoint-zone-gap',
  'vpc-dns-hostnames-disabled',
  'private-dns-disabled',
  's3-private-dns-inbound-only',
  'hostname-not-covered',
  'hosts-file-overrides',
  'service-without-private-dns',
  'endpoint-policy-denies',
];

/** Pairs of which one code cannot be there beside the other: [the code that is not named, beside which]. */
const HIDDEN: readonly (readonly [lost: readonly string[], beside: readonly string[], why: string])[] = [
  [GATES, NO_INTERFACE, 'there is no interface that a gate could stand before'],
  [OF_AN_ENDPOINT, NO_INTERFACE, 'there is no endpoint in this VPC of which it could be said'],
  [
    ['endpoint-not-available', 'endpoint-pending-acceptance'],
    ['endpoint-pending-acceptance', 'endpoint-rejected'],
    'one endpoint has one state',
  ],
  [
    ['vpc-dns-hostnames-disabled'],
    ['private-dns-disabled', 'hostname-not-covered'],
    'it bars private DNS that is on and covers the name; the fix of the other switches it on',
  ],
  [
    ['private-dns-disabled', 'endpoint-missing'],
    ['hostname-not-covered'],
    'the name is not the endpoint’s in the first place',
  ],
  [
    ['endpoint-policy-omits-aws-buckets', 'resource-policy-denies-path'],
    ['endpoint-type-unsuited', 's3-private-dns-inbound-only'],
    'that demonstration takes the gateway endpoint away: by which endpoint the requests would go is not known',
  ],
  [
    ['endpoint-missing', 'hosts-file-overrides'],
    ['hostname-not-covered', 'hosts-file-overrides'],
    'what a pinned name should lead to is told by packets only',
  ],
  [
    ['endpoint-type-unsuited', 'gateway-route-missing'],
    ['endpoint-type-unsuited', 'gateway-route-missing', 's3-private-dns-inbound-only', 'public-path-used'],
    'both demonstrations are about the one gateway endpoint, or make it needless',
  ],
  [
    ['endpoint-type-unsuited'],
    ['resolver-not-vpc', 'resolver-unreachable'],
    'where another resolver leads the name is told by packets only',
  ],
  [['gateway-route-missing'], ['s3-private-dns-inbound-only'], 'its demonstration takes the gateway endpoint away'],
  [
    ['route-overrides-endpoint', 'route-blackhole'],
    ['route-overrides-endpoint', 'route-blackhole'],
    'both demonstrations write a route for the same block',
  ],
  [
    ['public-path-used'],
    [
      'vpc-dns-support-disabled',
      'resolver-not-vpc',
      'resolver-unreachable',
      'hosts-file-overrides',
      'client-sg-blocks-egress',
      'client-nacl-blocks-egress',
      'client-nacl-blocks-return',
      'no-internet-path',
      'resolver-rule-forwards',
      'private-zone-shadows',
      'private-zone-wrong-target',
      'dns-firewall-blocks',
    ],
    'nothing works past the endpoint either',
  ],
  [
    ['transit-path-broken', 'sg-reference-not-honoured'],
    ['route-missing'],
    'without a route it is not known which connection the packets would take',
  ],
  [
    ['sg-reference-not-honoured', 'route-missing', 'return-route-missing', 'transit-path-broken'],
    ['public-path-used'],
    'its demonstration takes every endpoint away',
  ],
  [
    ['companion-endpoint-missing', 'sibling-endpoint-only', 'endpoint-in-other-region'],
    ['endpoint-in-other-vpc', 'hostname-not-covered', 'public-path-used'],
    'that demonstration moves, renames or removes every interface endpoint, the telling one too',
  ],
  [
    ['companion-endpoint-missing', 'sibling-endpoint-only', 'endpoint-in-other-region', 'service-not-offered'],
    ['public-path-used'],
    'with a way out the service is reached',
  ],
  [
    ['endpoint-in-other-region', 'service-not-offered'],
    ['no-internet-path'],
    'with a default route, dead as it is, the traffic was meant to go out: then the way out is the cause',
  ],
  [['no-internet-path'], ['public-path-used', 'dns64-without-nat64'], 'both demonstrations write the default route'],
  [
    ['hostname-not-covered'],
    ['endpoint-missing', 'endpoint-in-other-vpc', 'public-path-used'],
    'there is no endpoint whose names could be compared',
  ],
  [
    ['vpc-dns-hostnames-disabled', 'private-dns-disabled'],
    ['private-zone-shadows', 'private-zone-wrong-target'],
    'private DNS is off on purpose, and the zone decides the name in its place',
  ],
  [
    ['private-zone-name-unused', 'service-without-private-dns'],
    ['private-zone-shadows'],
    'the wider zone decides the name',
  ],
  [
    [
      'endpoint-missing',
      'endpoint-in-other-vpc',
      'companion-endpoint-missing',
      'sibling-endpoint-only',
      'endpoint-in-other-region',
      'service-not-offered',
      'endpoint-type-unsuited',
    ],
    ['dns64-without-nat64'],
    'its demonstration has a NAT gateway, so the service is reached without an endpoint',
  ],
];
const mayHide = (lost: string, beside: string) =>
  HIDDEN.some(([codes, others]) => codes.includes(lost) && others.includes(beside));

describe('two faults at once, on the model', () => {
  const alone = new Map(CHECKS.map((check) => [check, codesOf(reportOf([check]))]));
  const pairs = CHECKS.flatMap((one, i) => CHECKS.slice(i + 1).map((other) => [one, other] as const));

  it.each(CHECKS.map((check) => [check.code, check] as const))('%s beside every other one', (_code, check) => {
    for (const pair of pairs.filter(([one]) => one === check)) {
      const report = reportOf(pair);
      const named = codesOf(report);
      const expected = pair.flatMap((one) => (alone.get(one) ?? []).map((code) => ({ code, of: one })));
      const due = expected.filter(({ code, of }) => !mayHide(code, pair.find((one) => one !== of)?.code ?? ''));
      const lost = due.filter(({ code }) => !named.includes(code)).map(({ code }) => code);
      const words = pair.map((one) => one.code).join(' and ');
      expect(lost, `${words}: not named any more`).toEqual([]);
      // On the model alone some faults cannot be seen (a certificate, a resolver that is silent): then nothing is claimed.
      if (due.length > 0) expect(['blocked', 'degraded', 'inconclusive'], words).toContain(report.verdict);
    }
  });

  it('no plan claims more than the model shows', () => {
    for (const pair of pairs) {
      const { fixPlan, causes, targets } = reportOf(pair);
      const broken = targets.filter((target) => target.status === 'unreachable' || target.status === 'degraded');
      expect([...fixPlan.opens, ...fixPlan.remaining].sort()).toEqual(
        [
          ...new Set(
            [...broken, ...targets.filter((target) => target.status === 'unknown')].map((target) => target.id),
          ),
        ].sort(),
      );
      expect(fixPlan.steps.every((rank) => causes.some((cause) => cause.rank === rank))).toBe(true);
      for (const cause of causes) {
        const opened = cause.targets.some((id) => fixPlan.opens.includes(id));
        const words = `${pair.map((one) => one.code).join(' and ')}: ${cause.code} ${cause.fix.reason} ${JSON.stringify(fixPlan)}`;
        if (cause.fix.proof === 'opens') expect(opened, words).toBe(true);
      }
    }
  }, 60_000);

  it('two endpoints that one plan creates are two, each with a port and a name of its own', () => {
    const world = healthyWorld();
    for (const check of CHECKS) if (check.code === 'endpoint-missing') check.demonstration.inject(world);
    const mail = 'email-smtp.eu-west-1.amazonaws.com:587';
    const { fixPlan, causes } = diagnose(modelCase(world, [LAB.secretsHost, mail]));
    expect(causes.map((cause) => [cause.code, cause.fix.proof])).toEqual([
      ['endpoint-missing', 'opens'],
      ['endpoint-missing', 'opens'],
    ]);
    expect(fixPlan).toMatchObject({ steps: [1, 2], opens: [LAB.secretsHost, mail], remaining: [] });
  });
});
