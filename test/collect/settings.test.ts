import { createServer } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { collectState } from '../../src/collect/collect.ts';
import { clientSettings } from '../../src/collect/settings.ts';
import { realHost } from '../../src/host.ts';
import { SLICE_NAMES, type State } from '../../src/model/state.ts';
import { type FakeAws, labHost, options, startFakeAws, xml } from './support/fake-aws.ts';

let aws: FakeAws | undefined;
let connect: ReturnType<typeof watchSockets>;
beforeEach(() => {
  connect = watchSockets();
});
afterEach(async () => {
  await aws?.stop();
  aws = undefined;
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const refusals = (state: State) => new Set(SLICE_NAMES.map((name) => (state[name].known ? 'known' : state[name].why)));

describe('the guard', () => {
  it.each([
    ['a name', 'http://ec2.eu-west-1.amazonaws.com'],
    ['a name that ends in a number', 'http://host.1'],
    ['an address outside', 'http://10.0.0.1'],
    ['an IPv6 address outside', 'https://[2001:db8::1]'],
    ['the metadata service', 'http://169.254.169.254'],
    ['another scheme', 'ftp://127.0.0.1'],
    ['no URL', '127.0.0.1'],
    ['nothing', ''],
  ])('sends nothing to %s', async (_what, url) => {
    const { state, coverage, accountId } = await collectState(labHost(url), options({ serviceNames: ['x'] }));
    expect(refusals(state)).toEqual(new Set(['unreachable', 'not-asked']));
    expect(accountId).toBeUndefined();
    expect(coverage.length).toBeGreaterThan(15);
    expect(coverage.every((entry) => entry.outcome === 'skipped' && entry.count === 0)).toBe(true);
    expect(connect).not.toHaveBeenCalled();
  });

  it.each([
    ['none at all', {}],
    ['only half', { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLEEXAMPLE00' }],
    ['the metadata service', { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://169.254.169.254' }],
    ['a container’s', { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials' }],
    ['a profile', { AWS_PROFILE: 'work' }],
  ])('looks for no credentials elsewhere when there are %s', async (_what, env) => {
    aws = await startFakeAws({});
    const nobody = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
    const { state } = await collectState(labHost(aws.url, { ...nobody, ...env }), options({ serviceNames: ['x'] }));
    expect(refusals(state)).toEqual(new Set(['no-credentials', 'not-asked']));
    expect(connect).not.toHaveBeenCalled();
    expect(aws.asked).toEqual([]);
  });

  it('judges the two services apart', async () => {
    aws = await startFakeAws({ DescribeVpcs: xml({ vpcSet: [{ vpcId: 'vpc-1' }] }) });
    const host = labHost(aws.url, { AWS_ENDPOINT_URL_STS: 'https://sts.amazonaws.com' });
    const { state, coverage } = await collectState(host, options());
    expect(state.vpcs.known).toBe(true);
    expect(coverage.at(-1)).toMatchObject({ what: 'sts:GetCallerIdentity', outcome: 'skipped', count: 0 });
  });

  it('holds for the process’s own environment too', () => {
    vi.stubEnv('AWS_ENDPOINT_URL_EC2', '');
    vi.stubEnv('AWS_ENDPOINT_URL', '');
    expect(process.env['VPCE_DOCTOR_ONLY']).toBeDefined();
    expect(clientSettings(realHost(), 'ec2', 'eu-west-1')).toMatchObject({ kind: 'none', why: 'unreachable' });
  });
});

describe('an environment that is not the process’s', () => {
  it('is all that counts, guard or not', async () => {
    aws = await startFakeAws({});
    const host = labHost(aws.url, {
      AWS_SESSION_TOKEN: 'session',
      AWS_REGION: undefined,
      AWS_DEFAULT_REGION: 'eu-west-3',
    });
    expect(clientSettings(host, 'ec2', undefined)).toEqual({
      kind: 'confined',
      region: 'eu-west-3',
      endpoint: `${aws.url}/`,
      credentials: { accessKeyId: 'AKIAEXAMPLEEXAMPLE00', secretAccessKey: 'secret', sessionToken: 'session' },
      certificateAuthorities: [],
    });
    expect(clientSettings(realHost({ env: {} }), 'ec2', 'eu-west-1')).toMatchObject({
      kind: 'none',
      why: 'unreachable',
    });
  });

  it('is not bent by settings of the process that would lead elsewhere', async () => {
    aws = await startFakeAws({ DescribeVpcs: xml({ vpcSet: [{ vpcId: 'vpc-1' }] }) });
    vi.stubEnv('AWS_ENDPOINT_URL_EC2', 'http://10.0.0.1');
    vi.stubEnv('AWS_USE_FIPS_ENDPOINT', 'true');
    vi.stubEnv('AWS_DEFAULTS_MODE', 'auto');
    const { state } = await collectState(labHost(aws.url), options());
    expect(state.vpcs).toEqual({ known: true, value: [{ VpcId: 'vpc-1' }] });
    expect(hostsOf(connect)).toEqual(['127.0.0.1']);
  });

  it('goes where the wire leads', async () => {
    aws = await startFakeAws({ DescribeVpcs: xml({ vpcSet: [{ vpcId: 'vpc-1' }] }) });
    const port = Number(new URL(aws.url).port);
    const route = (_transport: string, address: string) =>
      address === '10.0.2.9' ? { address: '127.0.0.1', port } : undefined;
    const host = { ...labHost('http://10.0.2.9'), wire: { route } };
    const { state } = await collectState(host, options());
    expect(state.vpcs.known).toBe(true);
  });
});

describe('a real run', () => {
  it('leaves endpoints and credentials to the SDK', async () => {
    aws = await startFakeAws({
      DescribeVpcs: xml({ vpcSet: [{ vpcId: 'vpc-1' }] }),
      GetCallerIdentity: xml({ Account: '111122223333' }),
    });
    const credentials = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          AccessKeyId: 'AKIACONTAINER0000000',
          SecretAccessKey: 's',
          Token: 't',
          Expiration: '2099-01-01T00:00:00Z',
        }),
      );
    });
    await new Promise<void>((resolve) => credentials.listen(0, '127.0.0.1', resolve));
    const { port } = credentials.address() as AddressInfo;
    for (const [name, value] of Object.entries({
      VPCE_DOCTOR_ONLY: undefined,
      AWS_ENDPOINT_URL: aws.url,
      AWS_REGION: 'eu-west-1',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/credentials`,
    })) {
      vi.stubEnv(name, value);
    }
    const host = realHost();
    expect(clientSettings(host, 'ec2', undefined)).toEqual({ kind: 'sdk', region: undefined });
    const { state, accountId } = await collectState(host, options());
    expect(state.vpcs).toEqual({ known: true, value: [{ VpcId: 'vpc-1' }] });
    expect(accountId).toBe('111122223333');
    expect(hostsOf(connect)).toEqual(['127.0.0.1']);
    await new Promise((resolve) => {
      credentials.close(resolve);
      credentials.closeAllConnections();
    });
  });
});

/**
 * Watches every connection that is tried, and lets none but those to 127.0.0.1 happen: were the guard broken, these tests
 * must not send what it should have held back. A name would be looked up inside `connect`, so that is held back as well.
 */
function watchSockets() {
  const original = Socket.prototype.connect;
  const watch = vi.spyOn(Socket.prototype, 'connect');
  watch.mockImplementation(function (this: Socket, ...args: unknown[]) {
    if (hostOf(args) === '127.0.0.1') return Reflect.apply(original, this, args) as Socket;
    return this.destroy(new Error('held back by the test'));
  });
  return watch;
}

/** Every host that a socket was told to connect to, once. */
function hostsOf(connect: { mock: { calls: unknown[][] } }): unknown[] {
  return [...new Set(connect.mock.calls.map(hostOf))];
}

/** Node passes its normalised arguments as one array. */
function hostOf([first]: readonly unknown[]): unknown {
  return (Object(Array.isArray(first) ? first[0] : first) as { host?: unknown }).host;
}
