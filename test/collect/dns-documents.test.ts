import { describe, expect, it } from 'vitest';
import { stateFromDocuments } from '../../src/collect/documents.ts';

const read = (files: Record<string, unknown>) =>
  stateFromDocuments(Object.entries(files).map(([name, json]) => ({ name, json })));
const known = (...value: unknown[]) => ({ known: true, value });

describe('answers of Route 53 and its Resolver as documents', () => {
  it('records get the zone of the SOA record beside them', () => {
    const { state, warnings } = read({
      'records.json': {
        ResourceRecordSets: [
          { Name: 'a.example.', Type: 'SOA', TTL: 900, ResourceRecords: [{ Value: 'ns.' }] },
          { Name: 'x.a.example.', Type: 'A', ResourceRecords: [{ Value: '10.0.0.1' }] },
        ],
        IsTruncated: false,
        MaxItems: '300',
      },
    });
    expect(warnings).toEqual([]);
    expect(state.resourceRecordSets).toMatchObject(known({ ZoneName: 'a.example.' }, { ZoneName: 'a.example.' }));
  });

  it('record sets of one name are told apart by type, routing and zone', () => {
    const records = [
      { Name: 'x.', Type: 'A', ZoneName: 'a.' },
      { Name: 'x.', Type: 'AAAA', ZoneName: 'a.' },
      { Name: 'x.', Type: 'A', ZoneName: 'b.' },
      { Name: 'x.', Type: 'A', ZoneName: 'b.', SetIdentifier: 'second' },
    ];
    expect(read({ 'a.json': { ResourceRecordSets: records } }).state.resourceRecordSets).toEqual(known(...records));
  });

  it('get-hosted-zone counts where the zone is private, with its VPCs', () => {
    const zone = (PrivateZone: boolean) => ({
      HostedZone: { Id: '/hostedzone/Z1', Name: 'a.example.', CallerReference: 'x', Config: { PrivateZone } },
      VPCs: [{ VPCRegion: 'eu-west-1', VPCId: 'vpc-1' }],
    });
    const { state, warnings } = read({ 'zone.json': zone(true) });
    expect(warnings).toEqual([]);
    expect(state.hostedZones).toEqual(
      known({ HostedZoneId: 'Z1', Name: 'a.example.', VPCs: [{ VPCRegion: 'eu-west-1', VPCId: 'vpc-1' }] }),
    );
    expect(read({ 'zone.json': zone(false) }).state.hostedZones).toEqual({ known: false, why: 'not-given' });
  });

  it('a list’s domains need to say whose they are, in the document or its name', () => {
    const domains = { Domains: ['a.example.'] };
    const list = known({ FirewallDomainListId: 'rslvr-fdl-0a1b2c3d', Domains: ['a.example.'] });
    expect(read({ 'domains rslvr-fdl-0a1b2c3d.json': domains }).state.firewallDomains).toEqual(list);
    expect(
      read({ 'd.json': { ...domains, FirewallDomainListId: 'rslvr-fdl-0a1b2c3d' } }).state.firewallDomains,
    ).toEqual(list);
    const { state, warnings } = read({ 'd.json': domains });
    expect(state.firewallDomains).toEqual({ known: false, why: 'not-given' });
    expect(warnings).toEqual([expect.stringContaining('d.json does not say which domain list')]);
  });

  it('one firewall configuration is one of the slice', () => {
    const config = { ResourceId: 'vpc-1', FirewallFailOpen: 'ENABLED' };
    expect(read({ 'c.json': { FirewallConfig: { ...config, Id: 'rslvr-fc-1' } } }).state.firewallConfigs).toEqual(
      known({ ...config, Id: 'rslvr-fc-1' }),
    );
  });
});
