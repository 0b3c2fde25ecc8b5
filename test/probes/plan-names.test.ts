/** Which DNS questions follow from which answers. */
import { describe, expect, it } from 'vitest';
import { evidenceFor, searchNames } from '../../src/checks/evidence.ts';
import { addNatGateway, healthyWorld, LAB } from '../../src/lab/world.ts';
import { emptyVantage } from '../../src/model/vantage.ts';
import { type Answers, type Played, play } from './support/plan.ts';

const HOST = LAB.secretsHost;
const VPCE = 'vpce-5ec00001-a1b2c3d4.secretsmanager.eu-west-1.vpce.amazonaws.com';
const own = { outcome: 'answered', addresses: [LAB.secretsAddressA, LAB.secretsAddressB] };
const outside = { outcome: 'answered', addresses: [LAB.publicSecretsAddress] };
const works: Answers = (id) => {
  if (id.startsWith('dns')) return id.includes(' A ') ? own : { outcome: 'no-data' };
  return { outcome: id.startsWith('tcp') ? 'open' : id.startsWith('tls') ? 'trusted' : 'aws-answer' };
};
const dnsOf = ({ rounds }: Played, round?: number) =>
  (round === undefined ? rounds.flat() : (rounds[round] ?? [])).filter((id) => id.startsWith('dns'));

describe('the names beside the host', () => {
  it('are not asked where everything works', () => {
    expect(dnsOf(play(works))).toEqual([`dns ${HOST} A @10.0.0.2`, `dns ${HOST} AAAA @10.0.0.2`]);
  });

  it('are the endpoint’s own where the name leads elsewhere, and what they give is connected to', () => {
    const world = healthyWorld();
    addNatGateway(world);
    const played = play((id, probe) => (id.includes(`dns ${HOST} A`) ? outside : works(id, probe)), { world });
    expect(dnsOf(played, 1)).toEqual(
      [VPCE, VPCE.replace('d4.', 'd4-eu-west-1a.'), VPCE.replace('d4.', 'd4-eu-west-1b.')].map(
        (name) => `dns ${name} A @10.0.0.2`,
      ),
    );
  });

  it('stand in for interfaces that could not be listed, once something fails', () => {
    const refused = ['networkInterfaces'];
    expect(dnsOf(play(works, { refused }))).toHaveLength(2);
    const silent: Answers = (id, probe) => {
      if (id.startsWith('tcp')) return undefined;
      if (id.includes(VPCE)) return { outcome: 'answered', addresses: ['10.0.3.99'] };
      return works(id, probe);
    };
    const played = play(silent, { refused });
    expect(dnsOf(played)).toContain(`dns ${VPCE} A @10.0.0.2`);
    expect(played.rounds.flat()).toContain('tcp 10.0.3.99:443');
  });

  it('are the parent and the zone of the SOA record after NXDOMAIN, and nothing as short as a public suffix', () => {
    const denied =
      (authority: string): Answers =>
      (id, probe) =>
        id.includes('dns oidc.eks.') ? { outcome: 'nxdomain', authority } : works(id, probe);
    const targets = ['https://oidc.eks.eu-west-1.amazonaws.com/id/x'];
    const parents = (authority: string) =>
      dnsOf(play(denied(authority), { targets })).filter((id) => !id.includes('oidc') && !id.includes('vpce'));
    expect(parents('eks.eu-west-1.amazonaws.com')).toEqual(['dns eks.eu-west-1.amazonaws.com A @10.0.0.2']);
    expect(parents('eu-west-1.amazonaws.com.')).toEqual([
      'dns eks.eu-west-1.amazonaws.com A @10.0.0.2',
      'dns eu-west-1.amazonaws.com A @10.0.0.2',
    ]);
    expect(parents('amazonaws.com')).toEqual(['dns eks.eu-west-1.amazonaws.com A @10.0.0.2']);
    expect(parents('example.org')).toEqual(['dns eks.eu-west-1.amazonaws.com A @10.0.0.2']);
  });

  it.each([
    [1, [], []],
    [3, ['a.local'], []],
    [5, [], []],
    [5, ['svc.cluster.local', '.cluster.local.'], [`${HOST}.svc.cluster.local`, `${HOST}.cluster.local`]],
  ])('are the search list’s where ndots is %i: %j', (ndots, searchDomains, names) => {
    expect(searchNames({ ndots, searchDomains }, HOST)).toEqual(names);
    const played = play((id, probe) => (id.includes('local') ? { outcome: 'nxdomain' } : works(id, probe)), {
      vantage: { ndots, searchDomains },
    });
    expect(dnsOf(played).filter((id) => id.includes('local'))).toEqual(names.map((name) => `dns ${name} A @10.0.0.2`));
    expect(searchNames({ ndots, searchDomains }, `${HOST}.`)).toEqual([]);
  });
});

describe('questions about resolvers', () => {
  it('go over TCP, and to the VPC resolver’s other addresses, when all of one is silent', () => {
    const played = play(() => undefined, { targets: [HOST, LAB.s3Host, 'sts.amazonaws.com'] });
    expect(dnsOf(played, 1)).toEqual([
      `dns ${HOST} A @10.0.0.2 tcp`,
      `dns ${LAB.s3Host} A @10.0.0.2 tcp`,
      `dns ${HOST} A @169.254.169.253`,
      `dns ${HOST} AAAA @169.254.169.253`,
    ]);
    // Silent as well: one more over TCP there, and that is all.
    expect(dnsOf(played, 2)).toEqual([`dns ${HOST} A @169.254.169.253 tcp`]);
    expect(dnsOf(played, 3)).toEqual([]);
  });

  it('an address that answers for a silent one is asked everything, and stands for the VPC’s resolver', () => {
    const targets = [HOST, LAB.s3Host];
    const played = play((id, probe) => (id.includes('@10.0.0.2') ? undefined : works(id, probe)), { targets });
    expect(dnsOf(played, 2)).toEqual([
      `dns ${LAB.s3Host} A @169.254.169.253`,
      `dns ${LAB.s3Host} AAAA @169.254.169.253`,
    ]);
    const vantage = { ...emptyVantage('ec2'), resolvers: [{ address: '10.0.0.2', port: 53 }] };
    const target = { id: HOST, requested: [], host: HOST, port: 443, application: 'https', serviceNames: [] } as const;
    const evidence = evidenceFor(played.observations, true, vantage, target, '10.0.0.0/16');
    expect(evidence.vpc).toMatchObject({ server: '169.254.169.253', outcome: 'answered' });
    expect(evidence.system).toMatchObject({ server: '10.0.0.2', outcome: 'timeout' });
    expect(evidence.answersFor(HOST.toUpperCase()).map((one) => [one.server, one.transport, one.outcome])).toEqual([
      ['10.0.0.2', 'udp', 'timeout'],
      ['10.0.0.2', 'tcp', 'timeout'],
      ['169.254.169.253', 'udp', 'answered'],
    ]);
    expect(evidence.all.filter((one) => one.rung === 'dns').map((one) => one.id)).not.toContain(
      `dns ${HOST} A @10.0.0.2 tcp`,
    );
    expect(evidence.experiments.map((one) => one.id)).toEqual([`dns ${HOST} A @10.0.0.2 tcp`]);
  });

  it('are repeated where a resolver answered one question and not another, each five times in all', () => {
    const half: Answers = (id, probe) => (id === `dns ${HOST} AAAA @10.0.0.2` ? undefined : works(id, probe));
    const played = play(half);
    const more = dnsOf(played).filter((id) => id.includes('again'));
    expect(more).toHaveLength(8);
    expect(more).toContain(`dns ${HOST} AAAA @10.0.0.2 again 5`);
    expect(more).toContain(`dns ${HOST} A @10.0.0.2 again 2`);
    expect(played.probes.every((probe) => probe.why.length > 20)).toBe(true);
  });

  it('are repeated on request, within the resolver’s budget', () => {
    const again = (repeat: number) => dnsOf(play(works, { repeat })).filter((id) => id.includes('again')).length;
    expect([1, 2, 10, 1000].map(again)).toEqual([0, 1, 9, 19]);
  });

  it('ask nothing twice', () => {
    const { rounds } = play((id, probe) => (/AAAA|again [24]/.test(id) ? undefined : works(id, probe)), {
      targets: [HOST, LAB.s3Host, HOST.toUpperCase(), 'sts.amazonaws.com'],
      repeat: 4,
    });
    const ids = rounds.flat().map((id) => id.toLowerCase());
    expect(new Set(ids).size).toBe(ids.length);
  });
});
