import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../src/lab/certificates.ts';

const authority = createAuthority();
const root = new X509Certificate(authority.certificate);
const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What `openssl verify` says, with its exit status turned into `false`. */
function opensslVerifies(ca: string, certificate: string): boolean {
  const caFile = join(folder, 'ca.pem');
  const leafFile = join(folder, 'leaf.pem');
  writeFileSync(caFile, ca);
  writeFileSync(leafFile, certificate);
  try {
    execFileSync('openssl', ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', caFile, leafFile], {
      stdio: 'pipe',
    });
    return true;
  } catch (error) {
    if ((error as { status?: number | null }).status == null) throw error;
    return false;
  }
}

describe('the authority', () => {
  test('signs itself and may sign others', () => {
    expect(root.ca).toBe(true);
    expect(root.checkIssued(root)).toBe(true);
    expect(root.verify(root.publicKey)).toBe(true);
    expect(root.subject).toBe('C=US\nO=Amazon\nCN=vpce-doctor lab CA');
  });

  test('takes another subject, as a middlebox has', () => {
    const proxy = new X509Certificate(createAuthority('Example Proxy', 'Example Corp').certificate);
    expect(proxy.subject).toBe('C=US\nO=Example Corp\nCN=Example Proxy');
    expect(root.checkIssued(proxy)).toBe(false);
  });
});

describe('a leaf', () => {
  const names = ['secretsmanager.eu-west-1.amazonaws.com', '*.s3.eu-west-1.amazonaws.com', '10.0.2.14', 'fd00::14'];
  const identity = authority.issue({ names });
  const leaf = new X509Certificate(identity.certificate);

  test('is issued by the authority and trusted by openssl', () => {
    expect(leaf.ca).toBe(false);
    expect(leaf.checkIssued(root)).toBe(true);
    expect(leaf.verify(root.publicKey)).toBe(true);
    expect(leaf.verify(leaf.publicKey)).toBe(false);
    expect(opensslVerifies(authority.certificate, identity.certificate)).toBe(true);
    expect(opensslVerifies(createAuthority().certificate, identity.certificate)).toBe(false);
  });

  test.each([
    ['secretsmanager.eu-west-1.amazonaws.com', true],
    ['bucket.s3.eu-west-1.amazonaws.com', true],
    ['a.bucket.s3.eu-west-1.amazonaws.com', false],
    ['s3.eu-west-1.amazonaws.com', false],
  ])('covers the host %s: %s', (host, covered) => {
    expect(leaf.checkHost(host) !== undefined).toBe(covered);
  });

  test.each([
    ['10.0.2.14', true],
    ['fd00::14', true],
    ['10.0.2.15', false],
  ])('covers the address %s: %s', (address, covered) => {
    expect(leaf.checkIP(address) !== undefined).toBe(covered);
  });

  test('is the same for the same names and another for others', () => {
    expect(authority.issue({ names })).toBe(identity);
    expect(authority.issue({ names: ['example.com'] })).not.toBe(identity);
  });

  test('has names that are too long for a common name in its alternative names alone', () => {
    const long = `vpce-0123456789abcdef0-a1b2c3d4.secretsmanager.eu-west-1.vpce.amazonaws.com`;
    const certificate = new X509Certificate(authority.issue({ names: [long] }).certificate);
    expect(certificate.subject).toBeFalsy();
    expect(certificate.checkHost(long)).toBe(long);
    expect(opensslVerifies(authority.certificate, certificate.toString())).toBe(true);
  });

  test('covers more names than fit into a short DER length', () => {
    const many = Array.from({ length: 40 }, (_, n) => `name-${n}.example.com`);
    const certificate = new X509Certificate(authority.issue({ names: many }).certificate);
    expect(many.every((name) => certificate.checkHost(name) === name)).toBe(true);
  });

  test('without a name is a mistake of the caller', () => {
    expect(() => authority.issue({ names: [] })).toThrow();
  });
});

describe('a broken leaf', () => {
  test('expired', () => {
    const { certificate } = authority.issue({ names: ['a.example'], validTo: new Date(Date.now() - 60_000) });
    expect(new X509Certificate(certificate).validToDate.getTime()).toBeLessThan(Date.now());
    expect(opensslVerifies(authority.certificate, certificate)).toBe(false);
  });

  test('not yet valid', () => {
    const { certificate } = authority.issue({
      names: ['a.example'],
      validFrom: new Date(Date.now() + 86_400_000),
    });
    expect(new X509Certificate(certificate).validFromDate.getTime()).toBeGreaterThan(Date.now());
    expect(opensslVerifies(authority.certificate, certificate)).toBe(false);
  });

  test('signed by itself', () => {
    const { certificate } = authority.issue({ names: ['a.example'], selfSigned: true });
    const leaf = new X509Certificate(certificate);
    expect(leaf.checkIssued(leaf)).toBe(true);
    expect(leaf.verify(leaf.publicKey)).toBe(true);
    expect(opensslVerifies(authority.certificate, certificate)).toBe(false);
  });

  test('valid until after 2050, where the date is written in another way', () => {
    const validTo = new Date('2055-03-04T05:06:07Z');
    const { certificate } = authority.issue({ names: ['a.example'], validTo });
    expect(new X509Certificate(certificate).validToDate).toEqual(validTo);
  });
});
