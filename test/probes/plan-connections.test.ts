/** Which connections and requests follow from which answers: series, and requests that fill segments. */
import { describe, expect, it } from 'vitest';
import { addRoute, find, healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import { type Answers, type Played, play } from './support/plan.ts';

const A = LAB.secretsAddressA;
const own = { outcome: 'answered', addresses: [A, LAB.secretsAddressB] };
const works: Answers = (id) => {
  if (id.startsWith('dns')) return id.includes(' A ') ? own : { outcome: 'no-data' };
  return { outcome: id.startsWith('tcp') ? 'open' : id.startsWith('tls') ? 'trusted' : 'aws-answer' };
};
const lost =
  (pattern: RegExp): Answers =>
  (id, probe) =>
    pattern.test(id) ? undefined : works(id, probe);
const fromPorts = ({ rounds }: Played) => rounds.flat().filter((id) => id.includes('from port'));
const ports = (played: Played) => fromPorts(played).map((id) => Number(id.split(' ').at(-1)));

describe('a series', () => {
  it('is not made where everything works, nor where every connection is refused', () => {
    expect(fromPorts(play(works))).toEqual([]);
    const refused: Answers = (id, probe) => (id.startsWith('tcp') ? { outcome: 'refused' } : works(id, probe));
    expect(fromPorts(play(refused))).toHaveLength(0);
  });

  it('spreads over the whole range, the same for every run', () => {
    const first = ports(play(works, { repeat: 20 })).slice(0, 20);
    expect(first).toEqual(ports(play(works, { repeat: 20 })).slice(0, 20));
    expect(new Set(first).size).toBe(20);
    expect(Math.min(...first)).toBeLessThan(34_500);
    expect(Math.max(...first)).toBeGreaterThan(59_000);
    for (const port of first) expect(port >= 32_768 && port <= 60_999).toBe(true);
  });

  it('of ten follows a connection that opened and one that did not', () => {
    const strayed: Answers = (id, probe) => (id.startsWith(`tls ${A}`) ? { outcome: 'unreachable' } : works(id, probe));
    const played = play(strayed);
    expect(fromPorts(played)).toHaveLength(10);
    expect(fromPorts(played).every((id) => id.includes(A))).toBe(true);
    expect(played.probes.find((one) => one.id === fromPorts(played)[0])?.why).toContain('another did not');
  });

  it('of ten follows silence where all rules pass, at four addresses of the run and no more', () => {
    expect(fromPorts(play(lost(/^tcp 10\.0\.2\.14/)))).toHaveLength(10);
    const world = healthyWorld();
    const many = Array.from({ length: 6 }, (_, i) => `10.0.2.${100 + i}`);
    const endpoint = find(world, 'vpcEndpoints', LAB.secretsEndpoint);
    const twin = find(world, 'networkInterfaces', LAB.secretsInterfaceA);
    for (const address of many) {
      const NetworkInterfaceId = `eni-${address}`;
      world.api.networkInterfaces.push({
        ...twin,
        NetworkInterfaceId,
        PrivateIpAddress: address,
        PrivateIpAddresses: [],
      });
      endpoint.NetworkInterfaceIds?.push(NetworkInterfaceId);
    }
    expect(fromPorts(play(lost(/^tcp/), { world }))).toHaveLength(40);
  });

  it.each<[string, (world: World) => void]>([
    ['a rule explains the silence', (world) => (find(world, 'securityGroups', LAB.endpointGroup).IpPermissions = [])],
    [
      'a rule admits a part of the ports',
      (world) => {
        find(world, 'networkAcls', LAB.clientAcl).Entries?.unshift({
          RuleNumber: 90,
          Protocol: '6',
          RuleAction: 'deny',
          Egress: false,
          CidrBlock: '0.0.0.0/0',
          PortRange: { From: 50_000, To: 61_000 },
        });
      },
    ],
    ['the endpoint is not available', (world) => (find(world, 'vpcEndpoints', LAB.secretsEndpoint).State = 'pending')],
  ])('is not made where %s', (_words, edit) => {
    const world = healthyWorld();
    edit(world);
    // The two telltale ports of a partial rule are another experiment.
    const series = play(lost(/^tcp 10\.0\.2\.14:443$|from port 5/), { world }).probes.filter((one) =>
      /series/.test(one.why),
    );
    expect(series).toEqual([]);
  });
});

describe('a request of full size', () => {
  const through = (route: Parameters<typeof addRoute>[2]): World => {
    const world = healthyWorld();
    addRoute(world, LAB.clientRouteTable, { DestinationCidrBlock: '10.0.2.0/24', ...route });
    return world;
  };
  const jumbo = { localInterfaces: [{ name: 'eth0', address: LAB.clientAddress, prefixLength: 24, mtu: 9_001 }] };
  const long = (played: Played) => played.rounds.flat().filter((id) => id.includes('padding'));

  it('is made once where an appliance stands on the way and the host sends jumbo frames', () => {
    const world = through({ NetworkInterfaceId: 'eni-0f1' });
    const played = play(works, { world, vantage: jumbo });
    expect(long(played)).toEqual([expect.stringMatching(/^https 10\.0\.2\.14:443 .* and 16384 bytes of padding$/)]);
    expect(played.probes.find((one) => one.id === long(played)[0])?.why).toContain('eni-0f1');
  });

  it('is not made inside the VPC, with ordinary frames, or where no short one was answered', () => {
    const world = through({ NetworkInterfaceId: 'eni-0f1' });
    expect(long(play(works, { vantage: jumbo }))).toEqual([]);
    expect(long(play(works, { world }))).toEqual([]);
    const ordinary = { localInterfaces: [{ name: 'eth0', address: LAB.clientAddress, prefixLength: 24, mtu: 1_500 }] };
    expect(long(play(works, { world, vantage: ordinary }))).toEqual([]);
    expect(long(play(lost(/^https/), { world, vantage: jumbo }))).toEqual([]);
  });
});

describe('every probe', () => {
  it('says why in a sentence of its own, and no question comes twice, whatever fails', () => {
    for (const pattern of [/^$/, /^tcp/, /^tls/, /^https/, /AAAA/, /10\.0\.3\.14/, /^dns/]) {
      const { probes, rounds } = play(lost(pattern), {
        targets: [LAB.secretsHost, LAB.s3Host, '10.0.2.14'],
        repeat: 3,
      });
      const ids = rounds.flat();
      expect(new Set(ids).size, String(pattern)).toBe(ids.length);
      for (const probe of probes) expect(probe.why.length).toBeGreaterThan(15);
      // Twelve rounds are what a run makes.
      expect(rounds.length).toBeLessThan(12);
    }
  });
});
