/** What applications trust, read from files as they would; and the one clock that can be asked without TLS. */
import { rootCertificates } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { createAuthority } from '../../src/lab/certificates.ts';
import { readBundle, readTrustStores, SYSTEM_BUNDLES } from '../../src/vantage/trust-stores.ts';
import { takeVantage } from '../../src/vantage/vantage.ts';
import { closeServers, fakeHost, QUICK, serve } from './fixtures.ts';

afterEach(closeServers);

const AMAZON = createAuthority('Amazon Root CA 1', 'Amazon').certificate;
const CORPORATE = createAuthority('Corp Root', 'Corp').certificate;
const [FIRST, SECOND] = SYSTEM_BUNDLES;

describe('trust stores', () => {
  it('are the first of the system’s files that can be read', async () => {
    const stores = await readTrustStores(fakeHost({ files: { [SECOND]: CORPORATE + AMAZON } }));
    expect(stores).toEqual([{ source: 'system', path: SECOND, certificates: 2, amazonRoots: ['Amazon Root CA 1'] }]);
    const both = await readTrustStores(fakeHost({ files: { [FIRST]: CORPORATE, [SECOND]: AMAZON } }));
    expect(both).toEqual([{ source: 'system', path: FIRST, certificates: 1, amazonRoots: [] }]);
  });

  it('hold what OpenSSL would find in them', async () => {
    const text = `# a comment\n${AMAZON}garbage\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`;
    expect(readBundle(text)).toHaveLength(1);
    expect(readBundle('-----BEGIN CERTIFICATE-----'.repeat(1000))).toEqual([]);
    expect(readBundle(AMAZON.replaceAll('\n', '\r\n'))).toHaveLength(1);
    const all = await readTrustStores(fakeHost({ files: { [FIRST]: rootCertificates.join('\n') } }));
    expect(all[0]?.certificates).toBe(rootCertificates.length);
    expect(all[0]?.amazonRoots).toEqual(expect.arrayContaining(['Amazon Root CA 1', 'Amazon Root CA 4']));
  });

  it('say what is wrong with them', async () => {
    const stores = await readTrustStores(
      fakeHost({
        env: { SSL_CERT_FILE: '/a.pem', AWS_CA_BUNDLE: '/b.pem', CURL_CA_BUNDLE: '', NODE_EXTRA_CA_CERTS: '/c.pem' },
        files: { '/b.pem': 'no certificate\n', '/c.pem': CORPORATE },
      }),
    );
    expect(stores.map((store) => [store.source, store.path, store.problem ?? store.certificates])).toEqual([
      ['SSL_CERT_FILE', '/a.pem', 'not-readable'],
      ['AWS_CA_BUNDLE', '/b.pem', 'no-certificates'],
      ['NODE_EXTRA_CA_CERTS', '/c.pem', 1],
      ['system', FIRST, 'not-readable'],
    ]);
  });

  it('of the profile count where the variable does not say otherwise', async () => {
    const files = { '/b.pem': CORPORATE, '/c.pem': AMAZON, [FIRST]: AMAZON };
    const config = { ...files, '/home/u/.aws/config': '[default]\nca_bundle = /b.pem\n' };
    const signal = new AbortController().signal;
    const take = async (env: Record<string, string>) => {
      const host = fakeHost({ env: { HOME: '/home/u', AWS_EC2_METADATA_DISABLED: 'true', ...env }, files: config });
      const taken = await takeVantage(host, { durations: QUICK, signal });
      const stores = await taken.readTrustStores();
      return stores?.map(({ source, path, amazonRoots }) => [source, path, amazonRoots.length]);
    };
    const system = ['system', FIRST, 1];
    expect(await take({})).toEqual([['ca_bundle', '/b.pem', 0], system]);
    expect(await take({ AWS_CA_BUNDLE: '/c.pem' })).toEqual([['AWS_CA_BUNDLE', '/c.pem', 1], system]);
  });

  it('that do not arrive in time are not missing', async () => {
    const host = fakeHost({ env: { AWS_EC2_METADATA_DISABLED: 'true', AWS_CA_BUNDLE: '/nfs/b.pem' }, files: {} });
    const readFile = (path: string): Promise<string | undefined> =>
      path.startsWith('/nfs') ? new Promise(() => {}) : host.readFile(path);
    const durations = { ...QUICK, vantage: 100 };
    // A real hanging read keeps the process alive; here a timer has to.
    const alive = setInterval(() => {}, 1_000);
    const taken = await takeVantage({ ...host, readFile }, { durations, signal: new AbortController().signal });
    const stores = await taken.readTrustStores();
    clearInterval(alive);
    expect(stores).toBeUndefined();
  });

  it('of the system are no file on Windows', async () => {
    expect(await readTrustStores({ ...fakeHost(), platform: 'win32' })).toEqual([]);
  });
});

describe('the clock', () => {
  const take = (port: number | undefined, now: number) => {
    const host = fakeHost(port === undefined ? {} : { wires: { '169.254.169.254:80': port } });
    const signal = new AbortController().signal;
    return takeVantage({ ...host, now: () => now }, { durations: QUICK, signal });
  };
  const dated = (date: string) =>
    serve((request, response) => {
      response.setHeader('date', date);
      response.writeHead(request.method === 'PUT' ? 200 : 404).end('token');
    });

  it('is compared with the metadata service’s', async () => {
    const { port } = await dated('Mon, 01 Jun 2026 12:00:00 GMT');
    const { vantage } = await take(port, Date.parse('2026-06-01T12:12:00Z'));
    expect(vantage.clock).toEqual({
      at: '2026-06-01T12:12:00.000Z',
      readings: [{ source: 'instance-metadata', offsetMs: 720_000 }],
    });
  });

  it.each(['', 'yesterday'])('has no witness in a date like %j', async (date) => {
    const { port } = await dated(date);
    expect((await take(port, 0)).vantage.clock?.readings).toEqual([]);
  });

  it('has no witness where no metadata service answers', async () => {
    expect((await take(undefined, 0)).vantage.clock).toEqual({ at: '1970-01-01T00:00:00.000Z', readings: [] });
  });
});
