/**
 * AWS's APIs and the metadata service of a world, in the worker's own process: loading them costs more than all the rest of a
 * bed. services.ts hands over, by Unix sockets, what the client asks inside the bed.
 */
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { startEc2Api } from '../../src/lab/ec2-api.ts';
import { startImds } from '../../src/lab/imds.ts';
import { ANY_LOOPBACK_PORT } from '../../src/lab/listen.ts';
import { startPolicyApi } from '../../src/lab/policy-api.ts';
import { startResolverApi, startRoute53Api } from '../../src/lab/route53-api.ts';
import { startStsApi } from '../../src/lab/sts-api.ts';
import type { World } from '../../src/lab/world.ts';

/** Names of the Unix sockets in a bed's folder. */
export type PlatformPart = 'ec2' | 'sts' | 'route53' | 'resolver' | 'policy' | 'imds';

/** Whether anything listens at the metadata service's address. */
export function hasMetadata(world: World): boolean {
  return world.client.metadata === 'ec2' || world.client.metadata === 'forbidden';
}

/** Starts them; they can be reached as soon as this resolves. */
export async function startPlatform(world: World, folder: string): Promise<{ stop: () => Promise<void> }> {
  const parts = await Promise.all([
    startEc2Api(world, ANY_LOOPBACK_PORT).then((api) => ['ec2', api] as const),
    startStsApi(world, ANY_LOOPBACK_PORT).then((api) => ['sts', api] as const),
    startRoute53Api(world, ANY_LOOPBACK_PORT).then((api) => ['route53', api] as const),
    startResolverApi(world, ANY_LOOPBACK_PORT).then((api) => ['resolver', api] as const),
    startPolicyApi(world, ANY_LOOPBACK_PORT).then((api) => ['policy', api] as const),
    ...(hasMetadata(world) ? [startImds(world, ANY_LOOPBACK_PORT).then((service) => ['imds', service] as const)] : []),
  ]);
  const doors = parts.map(([name, { port }]) => {
    const door = createServer((from) => {
      const to = connect({ host: '127.0.0.1', port });
      from.on('error', () => to.destroy()).on('close', () => to.destroy());
      to.on('error', () => from.destroy()).on('close', () => from.destroy());
      from.pipe(to).pipe(from);
    });
    return door.listen(join(folder, `${name satisfies PlatformPart}.sock`));
  });
  return {
    stop: async () => {
      for (const door of doors) door.close();
      await Promise.all(parts.map(([, part]) => part.stop()));
    },
  };
}
