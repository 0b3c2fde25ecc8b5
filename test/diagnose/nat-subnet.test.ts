/** A NAT gateway whose own subnet has a network ACL that bars it, through real packets (facts.md 3.4). */
import { describe, expect, it } from 'vitest';
import { addNatGateway, find, healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import { runInLab } from '../checks/lab-run.ts';

function world(denied: { Egress: boolean; CidrBlock: string; From: number; To: number }): World {
  const broken = healthyWorld();
  addNatGateway(broken);
  const acl = find(broken, 'networkAcls', LAB.publicAcl);
  const { From, To, ...rule } = denied;
  acl.Entries = [
    { ...rule, RuleNumber: 50, Protocol: '6', RuleAction: 'deny', PortRange: { From, To } },
    ...(acl.Entries ?? []),
  ];
  return broken;
}

describe('the network ACL of the NAT gateway’s subnet', () => {
  it.each([
    ['the way in from the client', { Egress: false, CidrBlock: '10.0.1.0/24', From: 443, To: 443 }],
    ['the way out', { Egress: true, CidrBlock: '0.0.0.0/0', From: 443, To: 443 }],
    ['the answers from the internet', { Egress: false, CidrBlock: '0.0.0.0/0', From: 1024, To: 65535 }],
    ['the answers home', { Egress: true, CidrBlock: '10.0.1.0/24', From: 1024, To: 65535 }],
  ])('that denies %s is named, confirmed, and its fix opens the target', async (_words, denied) => {
    const { report } = await runInLab(world(denied), ['example.com']);
    expect(report.verdict).toBe('blocked');
    expect(report.causes).toMatchObject([{ code: 'no-internet-path', standing: 'confirmed', severity: 'blocking' }]);
    expect(report.causes[0]?.summary).toContain(LAB.publicAcl);
    expect(report.causes[0]?.fix.commands).toHaveLength(4);
    expect(report.causes[0]?.fix.commands[0]).toContain(`create-network-acl-entry --network-acl-id ${LAB.publicAcl}`);
    expect(report.causes[0]?.fix.proof).toBe('opens');
    expect(report.unexplained).toEqual([]);
  });

  it('is of no interest to a target that has an endpoint', async () => {
    const { report } = await runInLab(world({ Egress: true, CidrBlock: '0.0.0.0/0', From: 443, To: 443 }));
    expect(report.verdict).toBe('healthy');
  });
});
