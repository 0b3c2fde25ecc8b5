/** A central endpoint in a shared services VPC, reached over a transit gateway or a peering connection, by real packets. */
import { describe, expect, it } from 'vitest';
import { addCentralEndpoint, CENTRAL } from '../../src/lab/central-world.ts';
import { healthyWorld, type World } from '../../src/lab/world.ts';
import { runInLab } from '../checks/lab-run.ts';

function central(joinedBy: 'transit-gateway' | 'peering', edit: (world: World) => void = () => {}): World {
  const world = healthyWorld();
  addCentralEndpoint(world, joinedBy);
  edit(world);
  return world;
}

describe('a healthy connection', () => {
  it.each(['transit-gateway', 'peering'] as const)('by %s is open, there and back', async (joinedBy) => {
    for (const target of [CENTRAL.endpointHost, CENTRAL.endpoint, CENTRAL.addressA]) {
      const { report } = await runInLab(central(joinedBy), [target]);
      expect(report.causes).toEqual([]);
      expect(report.verdict).toBe('healthy');
    }
  });
});
