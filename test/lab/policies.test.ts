/** Every kind of policy in the lab's world decides, in AWS's order, by what the request's own way adds to it. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, describe, expect, test } from 'vitest';
import { callerIdentity } from '../../src/lab/iam/caller.ts';
import { routeTaken, UNDESCRIBED_WAY_OUT } from '../../src/lab/iam/route-taken.ts';
import { REGISTRY_TOKEN } from '../../src/lab/iam/successes.ts';
import { type Lab, startLab } from '../../src/lab/lab.ts';
import {
  addInterfaceEndpoint as addNamedEndpoint,
  addNatGateway,
  addRoute,
  find,
  healthyWorld,
  LAB,
  LAB_ACCOUNT,
  LAB_REGION,
  type World,
} from '../../src/lab/world.ts';
import { addInterfaceEndpoint } from '../../src/lab/world-endpoints.ts';
import { type Received, type Sent, send, signedHeaders } from './support/signed.ts';

const ARN = callerIdentity(healthyWorld()).Arn;
const running: Lab[] = [];
afterAll(async () => {
  await Promise.all(running.map((lab) => lab.stop()));
});

async function play(world: World): Promise<Lab> {
  const lab = await startLab(world);
  running.push(lab);
  return lab;
}

type Statement = Readonly<Record<string, unknown>>;
const policy = (...Statement: Statement[]) => ({ Version: '2012-10-17', Statement });
const allow = (Action: string, more: Statement = {}): Statement => ({
  Effect: 'Allow',
  Principal: '*',
  Action,
  Resource: '*',
  ...more,
});
const deny = (Action: string, more: Statement = {}): Statement => ({ ...allow(Action, more), Effect: 'Deny' });
const own = ({ Principal: _, ...statement }: Statement): Statement => statement;

const SECRET = `arn:aws:secretsmanager:${LAB_REGION}:${LAB_ACCOUNT}:secret:app`;
const secrets: Sent = {
  address: LAB.secretsAddressA,
  host: LAB.secretsHost,
  method: 'POST',
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'secretsmanager.GetSecretValue' },
  body: JSON.stringify({ SecretId: SECRET }),
};
const getSecret = (lab: Lab, from: Partial<Sent> = {}) =>
  send(lab, { ...secrets, ...from }, { service: 'secretsmanager' });
const bucket = (name: string, path = '/'): Sent => ({
  address: LAB.publicS3Address,
  host: `${name}.${LAB.s3Host}`,
  path,
});
const listBucket = (lab: Lab, name = 'data') => send(lab, bucket(name), { service: 's3' });

/** What the words blame; `allowed` for an answer without a refusal. */
function blamed({ status, body }: Received): string {
  if (status === 200) return 'allowed';
  return /(?:because no|with an explicit deny in an?) [\w: -]+/.exec(body)?.[0] ?? body;
}

const ENDPOINT = LAB.secretsEndpoint;
const setEndpointPolicy = (world: World, document: object, id: string = ENDPOINT): void => {
  find(world, 'vpcEndpoints', id).PolicyDocument = JSON.stringify(document);
};
const setResourcePolicy = (world: World, ResourceArn: string, document: object): void => {
  world.api.resourcePolicies.push({ ResourceArn, Policy: JSON.stringify(document) });
};
const ACTION = 'secretsmanager:GetSecretValue';

describe('kinds of policies', () => {
  test.each<[string, (world: World) => void, string]>([
    ['none that anybody wrote', () => {}, 'allowed'],
    [
      'an endpoint policy without it',
      (world) => setEndpointPolicy(world, policy(allow('kms:*'))),
      `because no VPC endpoint policy allows the ${ACTION} action`,
    ],
    [
      'an endpoint policy against it',
      (world) => setEndpointPolicy(world, policy(allow('*'), deny(ACTION))),
      'with an explicit deny in a VPC endpoint policy',
    ],
    [
      'a resource policy against it',
      (world) => setResourcePolicy(world, SECRET, policy(deny(ACTION))),
      'with an explicit deny in a resource-based policy',
    ],
    [
      'identity policies without it',
      (world) => (world.identityPolicies = [policy(own(allow('kms:*')))]),
      `because no identity-based policy allows the ${ACTION} action`,
    ],
    [
      'an identity policy against it',
      (world) => (world.identityPolicies = [policy(own(allow('*')), own(deny(ACTION)))]),
      'with an explicit deny in an identity-based policy',
    ],
    [
      'a resource policy instead of identity policies',
      (world) => {
        world.identityPolicies = [];
        setResourcePolicy(
          world,
          SECRET,
          policy(allow(ACTION, { Principal: { AWS: `arn:aws:iam::${LAB_ACCOUNT}:role/vpce-doctor-lab` } })),
        );
      },
      'allowed',
    ],
    [
      'a resource policy that leaves it to the account',
      (world) => {
        world.identityPolicies = [];
        setResourcePolicy(world, SECRET, policy(allow(ACTION, { Principal: { AWS: LAB_ACCOUNT } })));
      },
      `because no identity-based policy allows the ${ACTION} action`,
    ],
    [
      'a service control policy without it',
      (world) => (world.organization = { serviceControlPolicies: [policy(own(allow('s3:*')))] }),
      `because no service control policy allows the ${ACTION} action`,
    ],
    [
      'a service control policy against it',
      (world) =>
        (world.organization = { serviceControlPolicies: [policy(own(allow('*'))), policy(own(deny(ACTION)))] }),
      'with an explicit deny in a service control policy',
    ],
    [
      'a resource control policy against it',
      (world) => (world.organization = { resourceControlPolicies: [policy(deny(ACTION))] }),
      'with an explicit deny in a resource control policy',
    ],
    [
      'an organization’s that let it pass',
      (world) =>
        (world.organization = {
          serviceControlPolicies: [policy(own(allow('*')))],
          resourceControlPolicies: [policy(deny('s3:*'))],
        }),
      'allowed',
    ],
    [
      'the endpoint’s and the caller’s missing: the endpoint’s is named',
      (world) => {
        setEndpointPolicy(world, policy(allow('kms:*')));
        world.identityPolicies = [];
      },
      `because no VPC endpoint policy allows the ${ACTION} action`,
    ],
    [
      'the endpoint’s missing and the caller’s against it: the Deny is named',
      (world) => {
        setEndpointPolicy(world, policy(allow('kms:*')));
        world.identityPolicies = [policy(own(deny('*')))];
      },
      'with an explicit deny in an identity-based policy',
    ],
  ])('%s', async (_, edit, expected) => {
    const world = healthyWorld();
    edit(world);
    const answer = await getSecret(await play(world));
    expect(blamed(answer)).toBe(expected);
    if (expected === 'allowed') return;
    expect(JSON.parse(answer.body)).toEqual({
      __type: 'AccessDeniedException',
      Message: `User: ${ARN} is not authorized to perform: ${ACTION} on resource: ${SECRET} ${expected}`,
    });
  });

  test('a key’s policy has to allow its own account, too', async () => {
    const world = healthyWorld();
    addInterfaceEndpoint(world, 'kms');
    const key = `arn:aws:kms:${LAB_REGION}:${LAB_ACCOUNT}:key/1`;
    setResourcePolicy(world, key, policy(allow('kms:*', { Principal: { AWS: 'arn:aws:iam::444455556666:root' } })));
    const [address = ''] = world.api.networkInterfaces.flatMap(({ Description, PrivateIpAddress }) =>
      Description?.includes('vpce-add') === true ? (PrivateIpAddress ?? []) : [],
    );
    const answer = await send(
      await play(world),
      {
        address,
        host: `kms.${LAB_REGION}.amazonaws.com`,
        method: 'POST',
        headers: { 'x-amz-target': 'TrentService.DescribeKey' },
        body: JSON.stringify({ KeyId: key }),
      },
      { service: 'kms' },
    );
    expect(blamed(answer)).toBe('because no resource-based policy allows the kms:DescribeKey action');
  });

  test('an endpoint whose service has no policies lets everything pass', async () => {
    const world = healthyWorld();
    setEndpointPolicy(world, policy(deny('*')));
    for (const service of world.api.endpointServices)
      if (service.ServiceName?.endsWith('.secretsmanager') === true) service.VpcEndpointPolicySupported = false;
    expect(blamed(await getSecret(await play(world)))).toBe('allowed');
  });
});

describe('the way of a request', () => {
  const onlyWith = (Condition: object) => (world: World) => {
    world.identityPolicies = [policy(own(allow('*', { Condition })))];
  };
  const [throughEndpoint, throughNat] = [LAB.secretsAddressA, LAB.publicSecretsAddress];
  test.each<[string, (world: World) => void, string, boolean]>([
    ['SourceVpce at the endpoint', onlyWith({ StringEquals: { 'aws:SourceVpce': ENDPOINT } }), throughEndpoint, true],
    ['another SourceVpce', onlyWith({ StringEquals: { 'aws:SourceVpce': 'vpce-other' } }), throughEndpoint, false],
    ['SourceVpc at the endpoint', onlyWith({ StringEquals: { 'aws:SourceVpc': LAB.vpc } }), throughEndpoint, true],
    [
      'VpcSourceIp at the endpoint',
      onlyWith({ IpAddress: { 'aws:VpcSourceIp': '10.0.1.0/24' } }),
      throughEndpoint,
      true,
    ],
    ['SourceIp at the endpoint', onlyWith({ IpAddress: { 'aws:SourceIp': '0.0.0.0/0' } }), throughEndpoint, false],
    [
      'SourceVpce through the NAT gateway',
      onlyWith({ StringEquals: { 'aws:SourceVpce': ENDPOINT } }),
      throughNat,
      false,
    ],
    [
      'VpcSourceIp through the NAT gateway',
      onlyWith({ IpAddress: { 'aws:VpcSourceIp': '10.0.0.0/8' } }),
      throughNat,
      false,
    ],
    [
      'SourceIp through the NAT gateway',
      onlyWith({ IpAddress: { 'aws:SourceIp': `${UNDESCRIBED_WAY_OUT}/32` } }),
      throughNat,
      true,
    ],
    [
      'the client’s SourceIp through the NAT gateway',
      onlyWith({ IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }),
      throughNat,
      false,
    ],
  ])('%s', async (_, edit, address, allowed) => {
    const world = healthyWorld();
    addNatGateway(world);
    edit(world);
    expect(blamed(await getSecret(await play(world), { address })) === 'allowed').toBe(allowed);
  });

  test('the endpoint’s policy is nothing to who goes around it', async () => {
    const world = healthyWorld();
    addNatGateway(world);
    setEndpointPolicy(world, policy(deny('*')));
    const lab = await play(world);
    expect(blamed(await getSecret(lab))).toBe('with an explicit deny in a VPC endpoint policy');
    expect(blamed(await getSecret(lab, { address: throughNat }))).toBe('allowed');
  });

  test('the route table says whether S3 is reached by the gateway endpoint', async () => {
    const world = healthyWorld();
    addNatGateway(world);
    setEndpointPolicy(world, policy(deny('s3:ListBucket')), LAB.s3Endpoint);
    setResourcePolicy(
      world,
      'arn:aws:s3:::perimeter',
      policy(deny('s3:*', { Condition: { StringNotEquals: { 'aws:SourceVpce': LAB.s3Endpoint } } })),
    );
    const lab = await play(world);
    expect(blamed(await listBucket(lab))).toBe('with an explicit deny in a VPC endpoint policy');
    const table = find(world, 'routeTables', LAB.clientRouteTable);
    table.Routes = (table.Routes ?? []).filter(({ GatewayId }) => GatewayId !== LAB.s3Endpoint);
    expect(blamed(await listBucket(lab))).toBe('allowed');
    expect(blamed(await listBucket(lab, 'perimeter'))).toBe('with an explicit deny in a resource-based policy');
    // A more specific route goes before the prefix list's.
    table.Routes.push({ DestinationPrefixListId: LAB.s3PrefixList, GatewayId: LAB.s3Endpoint, State: 'active' });
    addRoute(world, LAB.clientRouteTable, {
      DestinationCidrBlock: `${LAB.publicS3Address}/32`,
      NatGatewayId: LAB.natGateway,
    });
    expect(blamed(await listBucket(lab))).toBe('allowed');
  });

  test('on a gateway endpoint an account’s number is its root user alone', async () => {
    const world = healthyWorld();
    const account = policy(allow('*', { Principal: { AWS: LAB_ACCOUNT } }));
    setEndpointPolicy(world, account);
    setEndpointPolicy(world, account, LAB.s3Endpoint);
    const lab = await play(world);
    expect(blamed(await getSecret(lab))).toBe('allowed');
    expect(blamed(await listBucket(lab))).toBe('because no VPC endpoint policy allows the s3:ListBucket action');
  });
});

describe('S3', () => {
  const REPOSITORY = `al2023-repos-${LAB_REGION}-de612dc2`;
  const OBJECT = '/core/mirrors/latest/x86_64/mirror.list';

  test.each([
    ['by the host', { host: `data.${LAB.s3Host}`, path: '/a/b' }],
    ['by the path', { host: LAB.s3Host, path: '/data/a/b' }],
    ['by the dual-stack host', { host: `data.s3.dualstack.${LAB_REGION}.amazonaws.com`, path: '/a/b' }],
  ])('a bucket %s', async (_, sent) => {
    const world = healthyWorld();
    world.servers[LAB.publicS3Address]?.certificateNames.push(`*.s3.dualstack.${LAB_REGION}.amazonaws.com`);
    world.identityPolicies = [policy(own(allow('s3:ListBucket')))];
    const answer = await send(await play(world), { address: LAB.publicS3Address, ...sent }, { service: 's3' });
    expect(answer.body.replaceAll('&#34;', '"')).toContain(
      `<Code>AccessDenied</Code><Message>User: ${ARN} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::data/a/b" because no identity-based policy allows the s3:GetObject action</Message><RequestId>`,
    );
  });

  test('a bucket at an interface endpoint', async () => {
    const world = healthyWorld();
    const name = addNamedEndpoint(world, 'vpce-0b000001', 's3', 's3');
    setEndpointPolicy(world, policy(allow('s3:*', { Resource: 'arn:aws:s3:::other/*' })), 'vpce-0b000001');
    const ids = find(world, 'vpcEndpoints', 'vpce-0b000001').NetworkInterfaceIds ?? [];
    const address = find(world, 'networkInterfaces', ids[0] ?? '').PrivateIpAddress ?? '';
    const host = `data.bucket.${name}`;
    world.endpointCertificateNames[`com.amazonaws.${LAB_REGION}.s3`] = [host];
    const answer = await send(await play(world), { address, host, path: '/a' }, { service: 's3' });
    expect(blamed(answer)).toBe('because no VPC endpoint policy allows the s3:GetObject action');
    expect(answer.body).toContain('arn:aws:s3:::data/a');
  });

  test('says nothing of policies to strangers', async () => {
    const world = healthyWorld();
    world.bucketAccounts = { theirs: '444455556666' };
    const lab = await play(world);
    const plain = '<Error><Code>AccessDenied</Code><Message>Access Denied</Message>';
    expect((await listBucket(lab, 'theirs')).body).toContain(plain);
    setResourcePolicy(world, 'arn:aws:s3:::theirs', policy(allow('s3:ListBucket')));
    expect(blamed(await listBucket(lab, 'theirs'))).toBe('allowed');
    // "The request is allowed only if both evaluations return a decision of Allow."
    world.identityPolicies = [];
    expect((await listBucket(lab, 'theirs')).body).toContain(plain);
  });

  test('gives public objects of AWS to anybody, and nothing else', async () => {
    const lab = await play(healthyWorld());
    const repository = await send(lab, bucket(REPOSITORY, OBJECT));
    expect([repository.status, repository.headers['server']]).toEqual([200, 'AmazonS3']);
    expect((await send(lab, { ...bucket(REPOSITORY, OBJECT), method: 'HEAD' })).status).toBe(200);
    expect((await send(lab, { ...bucket('x'), host: LAB.s3Host, path: `/${REPOSITORY}${OBJECT}` })).status).toBe(200);
    expect((await send(lab, bucket(REPOSITORY))).status).toBe(403);
    expect((await send(lab, bucket('data', OBJECT))).status).toBe(403);
    expect((await send(lab, bucket(`prod-${LAB_REGION}-starport-layer-bucket`, OBJECT))).status).toBe(403);
    // As before: the service itself.
    expect((await send(lab, { address: LAB.publicS3Address, host: LAB.s3Host })).status).toBe(307);
  });

  test.each<[string, Statement, number]>([
    ['the repository’s objects', allow('s3:GetObject', { Resource: `arn:aws:s3:::${REPOSITORY}/*` }), 200],
    ['own buckets only', allow('s3:*', { Resource: ['arn:aws:s3:::data', 'arn:aws:s3:::data/*'] }), 403],
    [
      'its account’s callers only',
      allow('*', { Condition: { StringEquals: { 'aws:PrincipalAccount': LAB_ACCOUNT } } }),
      403,
    ],
    [
      'its account’s buckets only',
      allow('*', { Condition: { StringEquals: { 'aws:ResourceAccount': LAB_ACCOUNT } } }),
      403,
    ],
  ])('an endpoint policy that allows %s', async (_, statement, status) => {
    const world = healthyWorld();
    setEndpointPolicy(world, policy(statement), LAB.s3Endpoint);
    const answer = await send(await play(world), bucket(REPOSITORY, OBJECT));
    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.body).toContain('<Code>AccessDenied</Code><Message>Access Denied</Message>');
  });

  test('has a name for every bucket', async () => {
    const { resolveInVpc } = await import('../../src/lab/resolution.ts');
    expect(resolveInVpc(healthyWorld(), `${REPOSITORY}.${LAB.s3Host}`, 'A')).toMatchObject({
      answers: [{ data: LAB.publicS3Address }],
    });
  });
});

describe('services with a way of their own', () => {
  const worldWith = (suffix: string, host: string): { world: World; address: string; id: string } => {
    const world = healthyWorld();
    const id = addInterfaceEndpoint(world, suffix, { host });
    const [first = ''] = find(world, 'vpcEndpoints', id).NetworkInterfaceIds ?? [];
    world.endpointCertificateNames[`com.amazonaws.${LAB_REGION}.${suffix}`] = [host];
    return { world, id, address: find(world, 'networkInterfaces', first).PrivateIpAddress ?? '' };
  };

  test('a registry answers as registries do', async () => {
    const host = `${LAB_ACCOUNT}.dkr.ecr.${LAB_REGION}.amazonaws.com`;
    const { world, id, address } = worldWith('ecr.dkr', host);
    const lab = await play(world);
    const authorization = `Basic ${Buffer.from(`AWS:${REGISTRY_TOKEN}`).toString('base64')}`;
    const pull = (path: string, headers: Record<string, string> = { authorization }) =>
      send(lab, { address, host, path, headers });
    expect((await pull('/v2/', {})).status).toBe(401);
    expect((await pull('/v2/', { authorization: 'Basic bm90aGluZw==' })).status).toBe(401);
    expect((await pull('/v2/')).status).toBe(200);
    expect((await pull('/v2/app/manifests/latest')).status).toBe(200);
    expect((await pull('/v2/app/blobs/sha256:0')).headers.location).toContain('starport-layer-bucket');
    setEndpointPolicy(world, policy(allow('ecr:GetAuthorizationToken')), id);
    const refused = await pull('/v2/app/manifests/latest');
    expect(refused.status).toBe(403);
    expect(JSON.parse(refused.body)).toEqual({
      errors: [
        {
          code: 'DENIED',
          message: `User: ${ARN} is not authorized to perform: ecr:BatchGetImage on resource: arn:aws:ecr:${LAB_REGION}:${LAB_ACCOUNT}:repository/app because no VPC endpoint policy allows the ecr:BatchGetImage action`,
        },
      ],
    });
  });

  test('a private API says that nobody may call it', async () => {
    const host = `a1b2c3d4e5.execute-api.${LAB_REGION}.amazonaws.com`;
    const { world, id, address } = worldWith('execute-api', host);
    const lab = await play(world);
    const call = () => send(lab, { address, host, path: '/prod/items' });
    const unknown = await call();
    expect([unknown.status, unknown.headers['x-amzn-errortype']]).toEqual([403, 'ForbiddenException']);

    const mine = `arn:aws:apigateway:${LAB_REGION}::/restapis/a1b2c3d4e5`;
    setResourcePolicy(
      world,
      mine,
      policy(allow('execute-api:Invoke', { Condition: { StringEquals: { 'aws:SourceVpce': id } } })),
    );
    expect((await call()).status).toBe(200);
    world.api.resourcePolicies = [];
    setResourcePolicy(
      world,
      mine,
      policy(allow('execute-api:Invoke', { Condition: { StringEquals: { 'aws:SourceVpce': 'vpce-other' } } })),
    );
    const words = `User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:${LAB_REGION}:********3333:a1b2c3d4e5/prod/GET/items`;
    expect(JSON.parse((await call()).body)).toEqual({ Message: words });
    setEndpointPolicy(world, policy(deny('execute-api:Invoke')), id);
    const denied = await call();
    expect(denied.status).toBe(403);
    expect(JSON.parse(denied.body)).toEqual({ Message: `${words} with an explicit deny in a VPC endpoint policy` });
  });
});

test('what a proxy sends comes from the internet', async () => {
  const world = healthyWorld();
  world.proxies = { '10.0.1.99': { port: 3128, behaviour: 'connects' } };
  setEndpointPolicy(world, policy(deny('*')), LAB.s3Endpoint);
  const lab = await play(world);
  expect((await send(lab, { ...bucket('data'), host: LAB.s3Host }, { service: 's3' })).status).toBe(403);

  const tunnel = connect(lab.host.wire.route('tcp', '10.0.1.99', 3128)?.port ?? 0, '127.0.0.1');
  tunnel.write(`CONNECT ${LAB.s3Host}:443 HTTP/1.1\r\nHost: ${LAB.s3Host}:443\r\n\r\n`);
  await once(tunnel, 'data');
  const ca = [...(lab.host.wire.certificateAuthorities ?? [])];
  const inside = connectTls({ socket: tunnel, servername: LAB.s3Host, ca });
  const headers = await signedHeaders({ host: LAB.s3Host }, { service: 's3' });
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  inside.write(`GET / HTTP/1.1\r\n${lines.join('')}\r\n`);
  const [answer] = await once(inside, 'data');
  inside.destroy();
  expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /);
});

describe('where connections come from the world’s own addresses', () => {
  const s3 = { address: LAB.publicS3Address };
  test.each<[string, string, object]>([
    ['the client', LAB.clientAddress, { kind: 'gateway', sourceIp: LAB.clientAddress }],
    ['a host whose subnet has no such route', LAB.secretsAddressA, { kind: 'public', sourceIp: LAB.secretsAddressA }],
    ['a NAT gateway’s public address', '192.0.2.10', { kind: 'public', sourceIp: '192.0.2.10' }],
  ])('%s', (_, peer, expected) => {
    const world = healthyWorld();
    addNatGateway(world);
    expect(routeTaken(world, s3, peer)).toMatchObject(expected);
  });

  test('an interface endpoint sees who comes', () => {
    const at = { address: LAB.secretsAddressA, endpointId: ENDPOINT };
    expect(routeTaken(healthyWorld(), at, '10.0.1.99')).toMatchObject({
      kind: 'interface',
      endpoint: { VpcEndpointId: ENDPOINT },
      sourceIp: '10.0.1.99',
    });
  });
});
