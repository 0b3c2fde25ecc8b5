import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { collectDns } from '../../src/collect/collect-dns.ts';
import { ANY_LOOPBACK_PORT } from '../../src/lab/listen.ts';
import { startBlackHole } from '../../src/lab/nobody.ts';
import { startResolverApi, startRoute53Api } from '../../src/lab/route53-api.ts';
import { addPrivateZone, healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import { DNS_SLICE_NAMES, type DnsSliceName } from '../../src/model/state.ts';
import { labHost } from './support/fake-aws.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function collect(world: World, more: { hosts?: string[]; env?: Record<string, string>; ms?: number } = {}) {
  const asked: string[] = [];
  const note = { pageSize: 2, asked: (action: string) => void asked.push(action) };
  const zones = await startRoute53Api(world, ANY_LOOPBACK_PORT, note);
  const resolver = await startResolverApi(world, ANY_LOOPBACK_PORT, note);
  stops.push(zones.stop, resolver.stop);
  const host = labHost('http://127.0.0.1:9', {
    AWS_ENDPOINT_URL_ROUTE_53: `http://127.0.0.1:${zones.port}`,
    AWS_ENDPOINT_URL_ROUTE53RESOLVER: `http://127.0.0.1:${resolver.port}`,
    ...more.env,
  });
  const collected = await collectDns(host, {
    region: 'eu-west-1',
    vpcId: LAB.vpc,
    hosts: more.hosts ?? [],
    durations: { dnsApi: more.ms ?? 2_500 },
    signal: new AbortController().signal,
  });
  return { ...collected, asked };
}

const value = (slice: { known: boolean; value?: unknown }) => (slice.known ? slice.value : slice);

/** A VPC with three zones, rules for two VPCs, and a firewall with two lists. */
function richWorld(): World {
  const world = healthyWorld();
  addPrivateZone(world, 'eu-west-1.amazonaws.com', {
    'a.eu-west-1.amazonaws.com': { A: ['10.0.2.1', '10.0.2.2'] },
    'b.eu-west-1.amazonaws.com': { alias: 'vpce-1.kms.eu-west-1.vpce.amazonaws.com' },
    'c.eu-west-1.amazonaws.com': { CNAME: 'elsewhere.example' },
  });
  addPrivateZone(world, 'corp.example', { 'db.corp.example': { A: ['10.0.9.9'] } });
  addPrivateZone(world, 'unrelated.example', {});
  for (const n of [1, 2, 3]) {
    world.api.resolverRules.push({
      Id: `rslvr-rr-${n}`,
      DomainName: `d${n}.example.`,
      RuleType: 'FORWARD',
      TargetIps: [{ Ip: `10.9.9.${n}`, Port: 53 }],
    });
    world.api.resolverRuleAssociations.push({
      Id: `rslvr-rrassoc-${n}`,
      ResolverRuleId: `rslvr-rr-${n}`,
      VPCId: n === 3 ? 'vpc-else' : LAB.vpc,
      Status: 'COMPLETE',
    });
  }
  const group = { FirewallRuleGroupId: 'rslvr-frg-1' };
  world.api.firewallRuleGroupAssociations.push({ Id: 'assoc-1', VpcId: LAB.vpc, Priority: 101, ...group });
  for (const n of [1, 2])
    world.api.firewallRules.push({ ...group, FirewallDomainListId: `rslvr-fdl-${n}`, Priority: n, Action: 'BLOCK' });
  world.api.firewallDomains.push({
    FirewallDomainListId: 'rslvr-fdl-1',
    Domains: ['a.example.', 'b.example.', 'c.example.'],
  });
  world.api.firewallConfigs.push({ ResourceId: LAB.vpc, FirewallFailOpen: 'ENABLED' });
  return world;
}

describe('what Route 53 says', () => {
  it('is read whole, over pages, each zone’s records with its name', async () => {
    const world = richWorld();
    const { state, coverage, warnings, asked } = await collect(world, { hosts: ['db.corp.example'] });
    expect(warnings).toEqual([]);
    expect(value(state.hostedZones)).toEqual(world.api.hostedZones);
    const wanted = world.api.resourceRecordSets.filter((record) => record.ZoneName !== 'unrelated.example.');
    expect(value(state.resourceRecordSets)).toEqual(wanted);
    expect(value(state.resolverRules)).toEqual(world.api.resolverRules);
    expect(value(state.resolverRuleAssociations)).toEqual(world.api.resolverRuleAssociations.slice(0, 2));
    expect(value(state.firewallRules)).toEqual(world.api.firewallRules);
    expect(value(state.firewallDomains)).toEqual([
      ...world.api.firewallDomains,
      { FirewallDomainListId: 'rslvr-fdl-2', Domains: [] },
    ]);
    expect(value(state.firewallConfigs)).toEqual(world.api.firewallConfigs);
    // Five records in pages of two.
    expect(coverage.find((entry) => entry.what === 'route53:ListResourceRecordSets')?.count).toBeGreaterThan(2);
    expect(coverage.every((entry) => entry.outcome === 'made')).toBe(true);
    expect(asked.length).toBe(coverage.reduce((sum, entry) => sum + entry.count, 0));
    expect(state.vpcs).toEqual({ known: false, why: 'not-asked' });
  });

  it('without a firewall, its rules are not asked for, and there are none', async () => {
    const { state, asked } = await collect(healthyWorld());
    expect(asked.toSorted()).toEqual([
      'route53:ListHostedZonesByVPC',
      'route53resolver:ListFirewallRuleGroupAssociations',
      'route53resolver:ListResolverRuleAssociations',
      'route53resolver:ListResolverRules',
    ]);
    for (const name of DNS_SLICE_NAMES) expect([name, value(state[name])]).toEqual([name, []]);
  });

  it.each([
    ['denied', 'denied'],
    ['throttled', 'throttled'],
    ['unreachable', 'unreachable'],
  ] as const)('%s is why its slices are not known, and no empty list', async (refusal, why) => {
    const world = richWorld();
    for (const action of ['ListHostedZonesByVPC']) world.refusals[`route53:${action}`] = refusal;
    for (const action of ['ListResolverRules', 'ListFirewallRules', 'ListResolverRuleAssociations'])
      world.refusals[`route53resolver:${action}`] = refusal;
    const { state } = await collect(world);
    const refused: DnsSliceName[] = [
      'hostedZones',
      'resourceRecordSets',
      'resolverRules',
      'resolverRuleAssociations',
      'firewallRules',
      'firewallDomains',
    ];
    for (const name of refused) expect([name, state[name]]).toMatchObject([name, { known: false, why }]);
    expect(state.firewallRuleGroupAssociations.known).toBe(true);
  });

  it('a list that nobody may read, as AWS’s own, leaves the others readable', async () => {
    const world = richWorld();
    world.refusals['route53resolver:ListFirewallDomains'] = 'denied';
    const { state } = await collect(world);
    expect(value(state.firewallRules)).toHaveLength(2);
    expect(value(state.firewallDomains)).toEqual([]);
  });
});

describe('APIs out of reach', () => {
  it('cost the given time and no more', async () => {
    const hole = await startBlackHole();
    stops.push(hole.stop);
    const url = `http://127.0.0.1:${hole.tcpPort}`;
    const started = performance.now();
    const { state } = await collect(healthyWorld(), {
      env: { AWS_ENDPOINT_URL_ROUTE_53: url, AWS_ENDPOINT_URL_ROUTE53RESOLVER: url },
      ms: 400,
    });
    expect(performance.now() - started).toBeLessThan(2_500);
    for (const name of DNS_SLICE_NAMES)
      expect([name, state[name]]).toMatchObject([name, { known: false, why: 'timeout' }]);
  });

  it('nothing is asked without a VPC', async () => {
    const { state, coverage } = await collectDns(labHost('http://127.0.0.1:9'), {
      region: 'eu-west-1',
      vpcId: undefined,
      hosts: [],
      durations: { dnsApi: 500 },
      signal: new AbortController().signal,
    });
    expect(state.hostedZones).toMatchObject({ known: false, why: 'not-asked' });
    expect(coverage).toEqual([]);
  });
});

describe('the Resolver’s requests', () => {
  it('are JSON 1.1, signed for the service and the Region', async () => {
    const seen: { headers: IncomingHttpHeaders; body: string; method?: string | undefined }[] = [];
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      seen.push({ headers: request.headers, body, method: request.method });
      response.setHeader('x-amzn-requestid', 'r-1');
      response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stops.push(() => new Promise((resolve) => server.close(resolve)));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await collect(healthyWorld(), { env: { AWS_ENDPOINT_URL_ROUTE53RESOLVER: url } });
    const rules = seen.find((one) => one.headers['x-amz-target'] === 'Route53Resolver.ListResolverRuleAssociations');
    expect(rules?.method).toBe('POST');
    expect(rules?.headers['content-type']).toBe('application/x-amz-json-1.1');
    expect(rules?.headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=\S+\/\d{8}\/eu-west-1\/route53resolver\/aws4_request, SignedHeaders=\S*host\S*, Signature=[0-9a-f]{64}$/,
    );
    expect(JSON.parse(rules?.body ?? '')).toEqual({ MaxResults: 100, Filters: [{ Name: 'VPCId', Values: [LAB.vpc] }] });
  });

  it('that get a page of somebody else’s are no empty list', async () => {
    const server = createServer((_request, response) => response.end('<html>please log in</html>'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stops.push(() => new Promise((resolve) => server.close(resolve)));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { state } = await collect(healthyWorld(), { env: { AWS_ENDPOINT_URL_ROUTE53RESOLVER: url } });
    expect(state.resolverRules).toMatchObject({ known: false, why: 'failed' });
  });
});
