import { describe, expect, it } from 'vitest';
import type { EndpointService } from '../../src/model/aws.ts';
import { isKnownPair, nearServices } from '../../src/services/near-names.ts';
import { notOffered, offerOf, serviceNamesCovering, servicesNamed } from '../../src/services/offers.ts';
import { SERVICES, serviceById } from '../../src/services/service-table.ts';
import { companionOf, consequenceOf, WORKLOADS } from '../../src/services/workloads.ts';

describe('near names', () => {
  it.each([
    ['acm', 'acm-pca'],
    ['bedrock', 'bedrock-runtime'],
    ['bedrock-runtime', 'bedrock-agent-runtime'],
    ['codedeploy', 'codedeploy-commands-secure'],
    ['states', 'sync-states'],
    ['logs', 'stream-logs'],
    ['servicediscovery', 'data-servicediscovery'],
    ['appconfig', 'appconfigdata'],
    ['rds', 'rds-data'],
    ['sagemaker.api', 'sagemaker.runtime'],
  ])('%s and %s, both ways', (one, other) => {
    expect(nearServices(one)).toContain(other);
    expect(nearServices(other)).toContain(one);
  });

  it.each([
    ['ec2', 'ec2messages'],
    ['ssm', 'ssmmessages'],
    ['s3', 's3tables'],
    ['sts', 'states'],
    ['sqs', 'sns'],
  ])('%s and %s are no such pair', (one, other) => {
    expect(nearServices(one)).not.toContain(other);
    expect(isKnownPair(one, other)).toBe(false);
  });

  it('are services of the table, never the service itself', () => {
    for (const { id } of SERVICES) {
      expect(nearServices(id)).not.toContain(id);
      for (const near of nearServices(id)) expect(serviceById(near)?.id).toBe(near);
    }
  });
});

describe('workloads', () => {
  it.each(WORKLOADS.map((workload) => [workload.id, workload] as const))(
    '%s: services of the table, one sentence each',
    (_id, workload) => {
      const needs = [...workload.required, ...workload.conditional];
      for (const id of [...needs.map(({ service }) => service), ...workload.toldBy])
        expect(serviceById(id)?.id).toBe(id);
      for (const { without } of needs) expect(without).toMatch(/^["A-Z].*\.$/s);
      expect(new Set(needs.map(({ service }) => service)).size).toBe(needs.length);
      expect(workload.source).toMatch(/^https:\/\/docs\.aws\.amazon\.com\/\S+\.html$/);
      // Who tells of a workload is one of its services, or would be nobody's companion.
      expect(workload.conditional.filter(({ when }) => when === undefined)).toEqual([]);
    },
  );

  it('say what their users see', () => {
    expect(consequenceOf('ecr-pull', 's3')).toMatch(/after the manifest/);
    expect(consequenceOf('session-manager', 'logs')).toMatch(/two minutes late/);
    expect(consequenceOf('ecr-pull', 'kms')).toBeUndefined();
    expect(consequenceOf('nothing', 's3')).toBeUndefined();
  });

  it.each([
    ['s3', undefined, ['ecr.dkr'], 'ecr-pull'],
    ['ecs-agent', undefined, ['ecs'], 'ecs-ec2'],
    ['ssm', undefined, ['ssmmessages'], 'session-manager'],
    ['ec2', undefined, ['eks'], 'eks-node'],
    ['logs', 'ecs-fargate', ['ecr.api'], 'ecs-fargate'],
    // What everybody calls tells of nothing, and neither does the service itself.
    ['ecr.api', undefined, ['s3', 'logs', 'kms', 'sts', 'ec2'], undefined],
    ['ecr.api', 'ecr-pull', ['s3'], undefined],
    ['ssm', undefined, ['ssm'], undefined],
    ['logs', undefined, ['ecr.dkr'], undefined],
    ['sqs', undefined, ['ecr.dkr', 'ssm', 'ecs'], undefined],
  ])('%s, asked for %s, beside %j: %s', (service, asked, covered, workload) => {
    expect(companionOf(service, asked, covered)?.workload.id).toBe(workload);
  });
});

describe('offers', () => {
  const known = (...value: EndpointService[]) => ({ known: true as const, value });
  const s3 = 'com.amazonaws.eu-west-1.s3';
  const gateway = { ServiceName: s3, ServiceType: [{ ServiceType: 'Gateway' }] };
  const both = {
    ServiceName: s3,
    ServiceType: [{ ServiceType: 'Interface' }],
    PrivateDnsNames: [{ PrivateDnsName: `*.s3.x` }],
  };

  it('are unknown without a list, and for a name that nobody asked for', () => {
    expect(offerOf({ known: false, why: 'denied' }, [s3])).toBe('unknown');
    expect(offerOf(known(), [s3])).toBe('unknown');
    expect(offerOf(known(gateway), ['com.amazonaws.eu-west-1.sts'])).toBe('unknown');
    expect(offerOf(known(gateway), [])).toBe('unknown');
  });

  it('are there under one of several names, whatever the others are', () => {
    expect(offerOf(known(gateway, notOffered('b')), ['b', s3])).toBe('offered');
    expect(servicesNamed(known(gateway, both, notOffered(s3)), s3)).toHaveLength(2);
  });

  it('are proven absent when each name was asked for', () => {
    expect(offerOf(known(notOffered('a'), notOffered('b')), ['a', 'b'])).toBe('not-offered');
    expect(offerOf(known(notOffered('a')), ['a', 'b'])).toBe('unknown');
  });

  it('are proven absent by the whole list of their Region, and by no other Region’s', () => {
    const list = Array.from({ length: 120 }, (_, i) => ({ ServiceName: `com.amazonaws.eu-west-1.s${i}` }));
    expect(offerOf(known(...list), ['com.amazonaws.eu-west-1.new'])).toBe('not-offered');
    expect(offerOf(known(...list), ['com.amazonaws.us-east-1.new'])).toBe('unknown');
    expect(offerOf(known(...list.slice(0, 40)), ['com.amazonaws.eu-west-1.new'])).toBe('unknown');
  });

  it('tell by their private names, wildcards too, which host is theirs', () => {
    expect(serviceNamesCovering(known(gateway, both), 'bucket.s3.x')).toEqual([s3]);
    expect(serviceNamesCovering(known(gateway, both), 's3.x')).toEqual([]);
    expect(serviceNamesCovering(known({ ...both, ServiceType: [] }), 'bucket.s3.x')).toEqual([]);
    expect(serviceNamesCovering(undefined, 's3.x')).toEqual([]);
  });
});
