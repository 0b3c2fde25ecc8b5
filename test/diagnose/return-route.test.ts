/** Answers that do not come home: the endpoint subnet's own route table, through real packets (facts.md 4.1). */
import { describe, expect, it } from 'vitest';
import { addRoute, healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import { renderText } from '../../src/report/text.ts';
import { runInLab } from '../checks/lab-run.ts';

const BACK = { DestinationCidrBlock: '10.0.1.0/24', NetworkInterfaceId: 'eni-f1000001', Origin: 'CreateRoute' };

function world(State: 'active' | 'blackhole'): World {
  const broken = healthyWorld();
  addRoute(broken, LAB.endpointRouteTable, { ...BACK, State });
  return broken;
}

describe('a route of the endpoint’s subnet that takes the answers', () => {
  it.each([
    ['blackhole', 'route-blackhole'],
    ['active', 'route-overrides-endpoint'],
  ] as const)('in state %s is %s, confirmed, and its fix opens the target', async (state, code) => {
    const { report } = await runInLab(world(state));
    expect(report.verdict).toBe('blocked');
    expect(report.causes).toMatchObject([
      {
        code,
        standing: 'confirmed',
        severity: 'blocking',
        resources: [LAB.endpointRouteTable, BACK.NetworkInterfaceId],
      },
    ]);
    expect(report.causes[0]?.summary).toContain('the answers to 10.0.1.23');
    expect(report.causes[0]?.fix).toMatchObject({
      proof: 'opens',
      commands: [
        `aws ec2 delete-route --route-table-id ${LAB.endpointRouteTable} --destination-cidr-block 10.0.1.0/24`,
      ],
    });
    expect(report.unexplained).toEqual([]);
    const drawn = report.targets[0]?.hops[0]?.hops.find((hop) => hop.gate === 'endpoint-route-return');
    expect(drawn).toMatchObject({ result: 'block', resource: LAB.endpointRouteTable });
    expect(renderText(report, { color: false, verbose: false, width: 100 })).toContain(code);
  });

  it('is named beside a dead route on the way there, and both have to go', async () => {
    const broken = world('blackhole');
    addRoute(broken, LAB.clientRouteTable, { ...BACK, DestinationCidrBlock: '10.0.2.0/24', State: 'blackhole' });
    const { report } = await runInLab(broken);
    expect(report.causes.map((cause) => [cause.code, cause.resources[0]])).toEqual([
      // The one that loses the answers of both interfaces explains more than the one that loses one interface.
      ['route-blackhole', LAB.endpointRouteTable],
      ['route-blackhole', LAB.clientRouteTable],
    ]);
    expect(report.fixPlan).toMatchObject({ steps: [1, 2], opens: [LAB.secretsHost] });
  });
});
