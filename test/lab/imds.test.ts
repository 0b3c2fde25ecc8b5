import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startImds } from '../../src/lab/imds.ts';
import { ANY_LOOPBACK_PORT, type Listening } from '../../src/lab/listen.ts';
import { LAB, LAB_ACCOUNT, LAB_REGION } from '../../src/lab/world.ts';
import { richWorld } from './support/rich-world.ts';

const world = richWorld();
const asked: string[] = [];
let server: Listening;
beforeAll(async () => {
  server = await startImds(world, ANY_LOOPBACK_PORT, { asked: (path) => asked.push(path) });
});
afterAll(() => server.stop());

const TTL = 'x-aws-ec2-metadata-token-ttl-seconds';
const TOKEN = 'x-aws-ec2-metadata-token';

function request(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${server.port}${path}`, init);
}

async function token(seconds = 60): Promise<string> {
  const response = await request('/latest/api/token', { method: 'PUT', headers: { [TTL]: String(seconds) } });
  expect(response.status).toBe(200);
  expect(response.headers.get(TTL)).toBe(String(seconds));
  return await response.text();
}

async function read(path: string): Promise<string | undefined> {
  const response = await request(`/latest/${path}`, { headers: { [TOKEN]: await token() } });
  return response.status === 200 ? await response.text() : undefined;
}

describe('tokens', () => {
  test.each<[string, Record<string, string>, number]>([
    ['without a lifetime', {}, 400],
    ['with no lifetime at all', { [TTL]: '0' }, 400],
    ['with a lifetime beyond six hours', { [TTL]: '21601' }, 400],
    ['through a proxy', { [TTL]: '60', 'x-forwarded-for': '10.0.0.9' }, 403],
  ])('%s there is none', async (_what, headers, status) => {
    expect((await request('/latest/api/token', { method: 'PUT', headers })).status).toBe(status);
  });

  test.each<[string, Record<string, string>]>([
    ['none', {}],
    ['a made-up one', { [TOKEN]: 'AQAEAGuess' }],
  ])('%s opens nothing', async (_what, headers) => {
    expect((await request('/latest/meta-data/mac', { headers })).status).toBe(401);
  });

  test('two tokens are valid at once', async () => {
    const [first, second] = [await token(), await token(21_600)];
    expect(first).not.toBe(second);
    for (const value of [first, second]) {
      expect((await request('/latest/meta-data/mac', { headers: { [TOKEN]: value } })).status).toBe(200);
    }
  });

  test('only GET reads', async () => {
    const headers = { [TOKEN]: await token() };
    expect((await request('/latest/meta-data/mac', { method: 'POST', headers })).status).toBe(405);
  });
});

const MACS = 'meta-data/network/interfaces/macs';
const FIRST = `${MACS}/0a:c0:00:00:00:01`;
const SECOND = `${MACS}/0a:c0:00:00:00:02`;

describe('the tree', () => {
  test.each<[string, string | undefined]>([
    ['meta-data/mac', '0a:c0:00:00:00:01'],
    ['meta-data/instance-id', LAB.instance],
    ['meta-data/local-ipv4', LAB.clientAddress],
    ['meta-data/placement/availability-zone', `${LAB_REGION}a`],
    ['meta-data/placement/availability-zone-id', 'euw1-az1'],
    ['meta-data/placement/region', LAB_REGION],
    ['meta-data/services/domain', 'amazonaws.com'],
    ['meta-data/services/partition', 'aws'],
    ['meta-data/public-ipv4', undefined],
    [`${MACS}/`, '0a:c0:00:00:00:01/\n0a:c0:00:00:00:02/'],
    [MACS, '0a:c0:00:00:00:01/\n0a:c0:00:00:00:02/'],
    [`${FIRST}/interface-id`, LAB.clientInterface],
    [`${FIRST}/owner-id`, LAB_ACCOUNT],
    [`${FIRST}/vpc-id`, LAB.vpc],
    [`${FIRST}/subnet-id`, LAB.clientSubnet],
    [`${FIRST}/security-group-ids`, LAB.clientGroup],
    [`${FIRST}/local-ipv4s`, LAB.clientAddress],
    [`${FIRST}/ipv6s`, '2001:db8:1234:1::23'],
    [`${FIRST}/subnet-ipv4-cidr-block`, '10.0.1.0/24'],
    [`${FIRST}/vpc-ipv4-cidr-block`, '10.0.0.0/16'],
    [`${FIRST}/vpc-ipv4-cidr-blocks`, '10.0.0.0/16\n10.9.0.0/16'],
    [`${FIRST}/vpc-ipv6-cidr-blocks`, '2001:db8:1234::/56'],
    [`${FIRST}/device-number`, '0'],
    [`${SECOND}/device-number`, '1'],
    [`${SECOND}/interface-id`, 'eni-c0000002'],
    [`${SECOND}/local-ipv4s`, '10.0.1.24\n10.0.1.25'],
    [`${SECOND}/ipv4-prefix`, '10.0.1.64/28'],
    [`${SECOND}/ipv6s`, undefined],
    ['meta-data/nothing', undefined],
    ['', 'dynamic/\nmeta-data/'],
  ])('%s', async (path, expected) => {
    expect(await read(path)).toBe(expected);
  });

  test('the identity document', async () => {
    expect(JSON.parse((await read('dynamic/instance-identity/document')) ?? '')).toMatchObject({
      accountId: LAB_ACCOUNT,
      availabilityZone: `${LAB_REGION}a`,
      instanceId: LAB.instance,
      privateIp: LAB.clientAddress,
      region: LAB_REGION,
    });
  });

  test('standing on the second interface, the instance is still told by its first', async () => {
    world.client.networkInterfaceId = 'eni-c0000002';
    try {
      expect(await read('meta-data/mac')).toBe('0a:c0:00:00:00:01');
    } finally {
      world.client.networkInterfaceId = LAB.clientInterface;
    }
  });
});

test('the lab hears every path', () => {
  expect(asked).toContain('/latest/api/token');
  expect(asked).toContain('/latest/meta-data/mac');
});
