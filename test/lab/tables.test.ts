/** The lab plays everything that the tool’s own tables would ask for: each signed read, each bucket of AWS’s. */
import { afterAll, describe, expect, test } from 'vitest';
import { bucketOwner } from '../../src/lab/iam/buckets.ts';
import { startLab } from '../../src/lab/lab.ts';
import { addNatGateway, healthyWorld, LAB, LAB_REGION } from '../../src/lab/world.ts';
import { bucketsOf } from '../../src/services/aws-buckets.ts';
import { findService, standardHost } from '../../src/services/catalogue.ts';
import { SIGNED_READS, type SignedRead } from '../../src/services/signed-reads.ts';
import { send } from './support/signed.ts';

const hostOf = ({ service }: SignedRead): string => {
  const found = findService(service);
  return (found && standardHost(found, LAB_REGION)) ?? '';
};
const READS = SIGNED_READS.map((read, i) => ({ read, host: hostOf(read), address: `52.94.30.${i + 1}` }));

const world = healthyWorld();
addNatGateway(world);
for (const { host, address } of READS) world.servers[address] = { certificateNames: [host], ports: [443] };
const lab = await startLab(world);
afterAll(async () => await lab.stop());

describe('a signed read of the table', () => {
  test.each(READS.map((one) => [one.read.action, one] as const))(
    '%s is done, or refused by name',
    async (action, one) => {
      const { read, host, address } = one;
      const sent = { address, host, ...read.request(host, LAB_REGION) };
      const signing = { service: read.signingName };
      delete world.identityPolicies;
      const done = await send(lab, sent, signing);
      expect([done.status, done.body.length > 0]).toEqual([200, true]);
      if (action === 'sts:GetCallerIdentity') return;
      world.identityPolicies = [{ Statement: [{ Effect: 'Deny', Action: action, Resource: '*' }] }];
      const refused = await send(lab, sent, signing);
      expect(refused.body.toLowerCase()).toContain(`is not authorized to perform: ${action.toLowerCase()}`);
      world.identityPolicies = [{ Statement: [{ Effect: 'Allow', Action: action, Resource: read.resource(host) }] }];
      expect((await send(lab, sent, signing)).status).toBe(200);
    },
  );
});

describe('a bucket of AWS', () => {
  const buckets = bucketsOf(undefined, LAB_REGION);
  test.each(buckets.map((bucket) => [bucket.name, bucket] as const))('%s is not ours', async (name, bucket) => {
    expect(bucketOwner(world, name).ours).toBe(false);
    const path = bucket.publicPath ?? '/some/object';
    const answer = await send(lab, { address: LAB.publicS3Address, host: LAB.s3Host, path: `/${name}${path}` });
    expect(answer.status).toBe(bucket.presigned === true ? 403 : 200);
  });
});
