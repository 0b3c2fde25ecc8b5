/**
 * The table against a reference that it was not made from: names, hosts, ports and types of 125 services as collected from
 * AWS's documentation, aws-cdk-lib and botocore (reference-names.json). What the reference has, the table must know.
 */
import { describe, expect, it } from 'vitest';
import { matchHost, serviceNamesForHost } from '../../src/services/catalogue.ts';
import { parseServiceName } from '../../src/services/service-names.ts';
import { serviceById } from '../../src/services/service-table.ts';
import reference from './reference-names.json' with { type: 'json' };

const REGION = 'eu-west-1';
const VALUES: Readonly<Record<string, string>> = {
  region: REGION,
  accountId: '123456789012',
  azId: 'euw1-az1',
  cell: 'cell2',
  n: '3',
  prefix: 'a1b2c3d4e5',
  domain: 'my-domain',
  serverId: 's-0123456789abcdef0',
  apiId: 'a1b2c3d4e5',
  vpceId: 'vpce-0123456789abcdef0',
};
const concrete = (text: string) =>
  text
    .replace(/^vpce-\*\.vpce-svc-\*/, 'vpce-0123456789abcdef0-a1b2c3d4.vpce-svc-0123456789abcdef0')
    .replace(/^\*\./, 'x.')
    .replaceAll('*', '0123456789abcdef0')
    .replace(/\{(\w+)\}/g, (_, name: string) => VALUES[name] ?? `{${name}}`);

/** Hosts that no endpoint service has: Timestream's discovery hosts lead to cells, and those have the services. */
const WITHOUT_SERVICE = new Set([
  'query.timestream.eu-west-1.amazonaws.com',
  'ingest.timestream.eu-west-1.amazonaws.com',
]);

describe('the table and the reference', () => {
  it('is a reference worth the name', () => {
    expect(reference.length).toBe(125);
    expect(reference.flatMap((entry) => entry.hosts).length).toBeGreaterThan(350);
  });

  it.each(reference.map((entry) => [entry.id, entry] as const))('%s: every service name is read', (_id, entry) => {
    const names = [
      ...entry.suffixes.map((suffix) => `com.amazonaws.${REGION}.${suffix}`),
      ...entry.names.map((name) => concrete(name)),
    ];
    expect(names.filter((name) => parseServiceName(name)?.service === undefined)).toEqual([]);
  });

  it.each(reference.map((entry) => [entry.id, entry] as const))('%s: every host leads to its service', (_id, entry) => {
    const wrong = entry.hosts.map(concrete).flatMap((host) => {
      const match = matchHost(host);
      const offered = match === undefined ? [] : serviceNamesForHost(match, REGION);
      const own = new Set(
        // A global service's host may carry its home Region.
        [REGION, 'us-east-1'].flatMap((region) => [
          ...entry.suffixes.map((suffix) => `com.amazonaws.${region}.${suffix}`),
          ...entry.names.map((name) => concrete(name.replaceAll('{region}', region))),
        ]),
      );
      const ok =
        match?.vpceName !== undefined || WITHOUT_SERVICE.has(host)
          ? match?.service !== undefined
          : offered.some((name) => own.has(name));
      return ok ? [] : [`${host}: ${offered[0] ?? match?.service?.id ?? 'nothing'}`];
    });
    expect(wrong).toEqual([]);
  });

  it.each(reference.map((entry) => [entry.id, entry] as const))('%s: ports and types', (_id, entry) => {
    const services = [
      serviceById(entry.id),
      ...entry.suffixes.map((suffix) => parseServiceName(`com.amazonaws.${REGION}.${suffix}`)?.service),
      ...entry.names.map((name) => parseServiceName(concrete(name))?.service),
    ].flatMap((service) => service ?? []);
    expect(services.length).toBeGreaterThan(0);
    const ports = services.flatMap((service) => service.ports);
    const types: readonly string[] = services.flatMap((service) => service.types);
    expect(entry.ports.filter((port) => !ports.includes(port))).toEqual([]);
    expect(entry.types.filter((type) => !types.includes(type))).toEqual([]);
  });
});
