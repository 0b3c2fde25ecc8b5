import { expect, it } from 'vitest';
import { collectState } from '../../src/collect/collect.ts';
import { startEc2Api } from '../../src/lab/ec2-api.ts';
import { ANY_LOOPBACK_PORT } from '../../src/lab/listen.ts';
import { startStsApi } from '../../src/lab/sts-api.ts';
import { healthyWorld } from '../../src/lab/world.ts';
import { SLICE_NAMES, SLICES } from '../../src/model/state.ts';
import { labHost, options } from './support/fake-aws.ts';

// The lab writes its XML from the SDK's own schemas and pages whatever nobody sets a page size for: no answer is spelled by us.
it.each([['vpc'], [undefined]])('collects what the lab’s API describes, scope %s', async (scope) => {
  const world = healthyWorld();
  const ec2 = await startEc2Api(world, ANY_LOOPBACK_PORT, { pageSize: 1 });
  const sts = await startStsApi(world, ANY_LOOPBACK_PORT);
  try {
    const host = labHost(`http://127.0.0.1:${ec2.port}`, { AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${sts.port}` });
    const { state, accountId, warnings } = await collectState(
      host,
      options({
        vpcId: scope && world.api.vpcs[0]?.VpcId,
        clientInterfaceId: world.client.networkInterfaceId,
        serviceNames: world.api.endpointServices.map((service) => service.ServiceName),
      }),
    );
    for (const name of SLICE_NAMES.filter(
      (each) => SLICES[each].action.startsWith('ec2:') && each !== 'instances' && each !== 'prefixListEntries',
    )) {
      expect([name, state[name]]).toEqual([
        name,
        { known: true, value: expect.toSatisfy(sameElements(world.api[name])) },
      ]);
    }
    expect([accountId, warnings]).toEqual([world.accountId, []]);
  } finally {
    await Promise.all([ec2.stop(), sts.stop()]);
  }
});

/** The API promises no order. */
function sameElements(expected: readonly object[]) {
  const sorted = (elements: readonly object[]) => elements.map((element) => JSON.stringify(sortedKeys(element))).sort();
  return (actual: readonly object[]) => JSON.stringify(sorted(actual)) === JSON.stringify(sorted(expected));
}

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sortedKeys(inner)]),
  );
}
