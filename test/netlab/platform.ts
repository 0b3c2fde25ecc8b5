/** AWS's APIs and the metadata service of a world: where each is reached, and what starts it there. */
import { startEc2Api } from '../../src/lab/ec2-api.ts';
import { startImds } from '../../src/lab/imds.ts';
import type { Listen, Listening } from '../../src/lab/listen.ts';
import { startPolicyApi } from '../../src/lab/policy-api.ts';
import { startResolverApi, startRoute53Api } from '../../src/lab/route53-api.ts';
import { startStsApi } from '../../src/lab/sts-api.ts';
import type { World } from '../../src/lab/world.ts';
import { BED, EC2_PORT, POLICY_PORT, RESOLVER_PORT, ROUTE53_PORT, STS_PORT } from './plan.ts';
import type { Wanted } from './sockets.ts';

export type PlatformPart = Wanted & { readonly start: (world: World, listen: Listen) => Promise<Listening> };

/** Those that a world has. */
export function platformParts(world: World): PlatformPart[] {
  const api = (port: number, start: PlatformPart['start']): PlatformPart => {
    return { namespace: 'platform', address: BED.apiAddress, port, start };
  };
  return [
    api(EC2_PORT, startEc2Api),
    api(STS_PORT, startStsApi),
    api(ROUTE53_PORT, startRoute53Api),
    api(RESOLVER_PORT, startResolverApi),
    api(POLICY_PORT, startPolicyApi),
    ...(hasMetadata(world)
      ? [{ namespace: 'platform', address: BED.metadataAddress, port: 80, start: startImds }]
      : []),
  ];
}

function hasMetadata(world: World): boolean {
  return world.client.metadata === 'ec2' || world.client.metadata === 'forbidden';
}
