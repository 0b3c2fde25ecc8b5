/** Reads the files that programs on this machine take their root certificates from: is Amazon among them? */
import { X509Certificate } from 'node:crypto';
import type { Host } from '../model/host.ts';
import type { TrustStore } from '../model/vantage.ts';
import { isAmazonAuthority, shortName } from '../services/amazon-trust.ts';

/**
 * Where programs look by default, in Go's order (https://go.dev/src/crypto/x509/root_linux.go): Debian, Ubuntu and distroless
 * images; Amazon Linux and RHEL; openSUSE; the same link elsewhere; Alpine and macOS. The first that can be read is the system's.
 */
export const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
] as const;

/**
 * Variables that replace the system's store: OpenSSL and Go (SSL_CERT_FILE), the AWS CLI and SDKs
 * (https://docs.aws.amazon.com/sdkref/latest/guide/feature-gen-config.html), Python's requests, curl. Node's own
 * NODE_EXTRA_CA_CERTS only adds to what Node trusts; it is read so that the report can say what was added.
 */
const VARIABLES = ['SSL_CERT_FILE', 'AWS_CA_BUNDLE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS'];

/** A system's store has 150 certificates in 250 kB; ten times that is somebody's mistake, and costs seconds to read. */
const LARGEST_BUNDLE = 4_000_000;

/**
 * The stores in the order above, the system's last. On Windows the system's store is no file.
 * @param caBundle the active profile's `ca_bundle`, which counts where AWS_CA_BUNDLE is not set
 */
export async function readTrustStores(host: Host, caBundle?: string): Promise<TrustStore[]> {
  const named = VARIABLES.flatMap((variable) => {
    const path = host.env[variable];
    if (path !== undefined && path !== '') return [{ source: variable, path }];
    if (variable !== 'AWS_CA_BUNDLE' || caBundle === undefined) return [];
    return [{ source: 'ca_bundle', path: caBundle.replace(/^~(?=\/)/, host.env['HOME'] ?? '~') }];
  });
  const stores = await Promise.all(
    named.map(async ({ source, path }) => describe(source, path, await host.readFile(path))),
  );
  return host.platform === 'win32' ? stores : [...stores, await systemStore(host)];
}

async function systemStore(host: Host): Promise<TrustStore> {
  const read = await Promise.all(SYSTEM_BUNDLES.map(async (path) => ({ path, text: await host.readFile(path) })));
  const first = read.find(({ text }) => text !== undefined);
  return describe('system', first?.path ?? SYSTEM_BUNDLES[0], first?.text);
}

function describe(source: string, path: string, text: string | undefined): TrustStore {
  if (text === undefined) return { source, path, certificates: 0, amazonRoots: [], problem: 'not-readable' };
  const certificates = readBundle(text);
  if (certificates.length === 0) return { source, path, certificates: 0, amazonRoots: [], problem: 'no-certificates' };
  const amazonRoots = certificates.filter(isAmazonAuthority).map(shortName);
  return { source, path, certificates: certificates.length, amazonRoots: [...new Set(amazonRoots)].sort() };
}

/** The subjects of the PEM certificates in a text; what cannot be read as a certificate is no certificate to OpenSSL either. */
export function readBundle(text: string): string[] {
  const blocks =
    text.slice(0, LARGEST_BUNDLE).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block).subject];
    } catch {
      return [];
    }
  });
}
