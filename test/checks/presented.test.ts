/** Whose signature a certificate must bear, as a table; chains and stores made for the purpose. */
import { X509Certificate } from 'node:crypto';
import { type DetailedPeerCertificate, rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { evidenceFor } from '../../src/checks/evidence.ts';
import { clockOffset, durationWords, refusedByClock } from '../../src/checks/host/clock.ts';
import {
  chainWords,
  expectedSigner,
  inDateAt,
  namesAnotherService,
  servicesNamedBy,
  signedByAmazon,
  signedByStranger,
} from '../../src/checks/tls/presented.ts';
import { tlsNameMismatch } from '../../src/checks/tls/tls-name-mismatch.ts';
import { createAuthority } from '../../src/lab/certificates.ts';
import type { Certificate, HttpsObservation, TlsObservation, TlsOutcome } from '../../src/model/observation.ts';
import { unknownState } from '../../src/model/state.ts';
import { emptyVantage, type Vantage } from '../../src/model/vantage.ts';
import { clientOf } from '../../src/network/client.ts';
import { anchorOf } from '../../src/probes/certificate.ts';
import { isAmazonAuthority, shortName } from '../../src/services/amazon-trust.ts';
import { parseTarget } from '../../src/services/parse-target.ts';
import { resolveTargets } from '../../src/services/resolve-targets.ts';

const AMAZON = 'CN=Amazon RSA 2048 M01, O=Amazon, C=US';
const PUBLIC = 'CN=DigiCert TLS RSA SHA256 2020 CA1, O=DigiCert Inc, C=US';
const CORPORATE = 'CN=Corp Inspection CA, O=Corp, C=DE';

function targetOf(text: string) {
  const parsed = parseTarget(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  const context = {
    region: 'eu-west-1',
    accountId: undefined,
    vpcId: undefined,
    vpcEndpoints: unknownState('not-asked').vpcEndpoints,
  };
  const target = resolveTargets([parsed.request], context).targets[0];
  if (target === undefined) throw new Error(`no target for ${text}`);
  return target;
}

function certificate(issuer: string, names: readonly string[], dates: Partial<Certificate> = {}): Certificate {
  return {
    subject: `CN=${names[0]}`,
    issuer,
    subjectAlternativeNames: names,
    validFrom: '2026-01-01T00:00:00.000Z',
    validTo: '2026-12-31T00:00:00.000Z',
    fingerprint256: 'AA',
    ...dates,
  };
}

function seen(
  host: string,
  outcome: TlsOutcome,
  issuer: string,
  more: {
    anchor?: 'bundled' | 'added';
    names?: readonly string[];
    dates?: Partial<Certificate>;
    address?: string;
  } = {},
): TlsObservation {
  const address = more.address ?? '10.0.2.14';
  return {
    id: `tls ${address}:443 ${host}`,
    rung: 'tls',
    subject: { address, port: 443, serverName: host },
    after: [],
    ms: 1,
    outcome,
    detail: { chain: [certificate(issuer, more.names ?? [host], more.dates)], anchor: more.anchor },
  };
}

describe('whose signature is expected', () => {
  it.each([
    ['secretsmanager.eu-west-1.amazonaws.com', 'amazon'],
    ['secretsmanager.us-gov-west-1.amazonaws.com', 'amazon'],
    ['vpce-0a1b-c2d3.secretsmanager.eu-west-1.vpce.amazonaws.com', 'amazon'],
    ['kms.cn-north-1.amazonaws.com.cn', 'public'],
    ['kms.us-iso-east-1.c2s.ic.gov', 'any'],
    ['vpce-0a1b-c2d3.vpce-svc-0a1b2c3d4e5f60718.eu-west-1.vpce.amazonaws.com', 'any'],
    ['a1b2c3-ats.iot.eu-west-1.amazonaws.com', 'any'],
    ['api.example.com', 'any'],
  ])('%s: %s', (host, expected) => {
    expect(expectedSigner(targetOf(host))).toBe(expected);
  });
});

describe('a stranger’s signature', () => {
  const aws = 'kms.eu-west-1.amazonaws.com';
  const china = 'kms.cn-north-1.amazonaws.com.cn';
  it.each([
    ['Amazon’s, trusted', aws, seen(aws, 'trusted', AMAZON, { anchor: 'bundled' }), false],
    ['Amazon’s, not trusted here', aws, seen(aws, 'untrusted', AMAZON), false],
    ['Amazon’s, expired', aws, seen(aws, 'expired', AMAZON), false],
    ['a public authority’s', aws, seen(aws, 'trusted', PUBLIC, { anchor: 'bundled' }), false],
    ['a company’s, not trusted', aws, seen(aws, 'untrusted', CORPORATE), true],
    ['a company’s, whose root was added', aws, seen(aws, 'trusted', CORPORATE, { anchor: 'added' }), true],
    ['a company’s, expired', aws, seen(aws, 'expired', CORPORATE), true],
    [
      'a company’s for another name, whose root was added',
      aws,
      seen(aws, 'name-mismatch', CORPORATE, { anchor: 'added' }),
      true,
    ],
    ['a public authority’s for another name', aws, seen(aws, 'name-mismatch', PUBLIC, { anchor: 'bundled' }), false],
    ['a public authority’s in China, expired', china, seen(china, 'expired', PUBLIC), false],
    ['a company’s in China', china, seen(china, 'untrusted', CORPORATE), true],
    ['a partner’s own', 'api.example.com', seen('api.example.com', 'untrusted', CORPORATE), false],
  ])('%s', (_words, host, observation, stranger) => {
    expect(signedByStranger(observation, targetOf(host))).toBe(stranger);
  });
});

describe('Amazon’s names', () => {
  it('are those of the roots that Node carries, and of no others', () => {
    const subjects = rootCertificates.map((pem) => new X509Certificate(pem).subject).filter(isAmazonAuthority);
    const names = subjects.map(shortName).sort();
    expect(names).toEqual(
      expect.arrayContaining(['Amazon Root CA 1', 'Amazon Root CA 2', 'Amazon Root CA 3', 'Amazon Root CA 4']),
    );
    expect(names.filter((name) => !/^(Amazon Root|Starfield (Services|Class 2))/.test(name))).toEqual([]);
  });

  it.each([
    [AMAZON, true],
    ['C=US\nO=Amazon\nCN=Amazon Root CA 3', true],
    ['CN=Starfield Services Root Certificate Authority - G2, O=Starfield Technologies, Inc., L=Scottsdale', true],
    ['CN=Amazon Root CA 1, O=Amazon Forgeries', false],
    ['CN=O=Amazon', false],
    [CORPORATE, false],
  ])('%s: %s', (name, expected) => {
    expect(isAmazonAuthority(name)).toBe(expected);
  });

  it('count anywhere on the chain', () => {
    const observation = seen('x', 'trusted', 'CN=Some Subordinate');
    expect(signedByAmazon(observation)).toBe(false);
    const longer = { ...observation, detail: { chain: [...observation.detail.chain, certificate(AMAZON, ['y'])] } };
    expect(signedByAmazon(longer)).toBe(true);
  });
});

describe('the root of a trusted chain', () => {
  const peer = (pem: string): DetailedPeerCertificate => {
    const { raw, fingerprint256 } = new X509Certificate(pem);
    return { raw, fingerprint256 } as unknown as DetailedPeerCertificate;
  };
  it('is bundled when one of Node’s signed it, and added otherwise, whatever it calls itself', () => {
    const genuine = rootCertificates.find((pem) => new X509Certificate(pem).subject.includes('CN=Amazon Root CA 1'));
    expect(genuine).toBeDefined();
    expect(anchorOf(peer(genuine ?? ''))).toBe('bundled');
    expect(anchorOf(peer(createAuthority('Amazon Root CA 1', 'Amazon').certificate))).toBe('added');
  });
});

describe('another service’s names', () => {
  const secrets = 'secretsmanager.eu-west-1.amazonaws.com';
  it.each([
    [['kms.eu-west-1.amazonaws.com'], true],
    [['*.s3.eu-west-1.amazonaws.com', 's3.eu-west-1.amazonaws.com'], true],
    [['kms.eu-west-1.amazonaws.com', secrets], false],
    [['secretsmanager-fips.us-east-1.amazonaws.com'], false],
    [['www.example.com'], false],
    [[], false],
  ])('%j: %s', (names, expected) => {
    expect(namesAnotherService(seen(secrets, 'name-mismatch', AMAZON, { names }), 'secretsmanager')).toBe(expected);
    // Whatever else is wrong with it.
    expect(namesAnotherService(seen(secrets, 'expired', AMAZON, { names }), 'secretsmanager')).toBe(expected);
    expect(namesAnotherService(seen(secrets, 'trusted', AMAZON, { names }), 'secretsmanager')).toBe(false);
  });
  it('know wildcards and endpoint names', () => {
    expect(servicesNamedBy(['*.logs.eu-west-1.vpce.amazonaws.com', '*.dkr.ecr.eu-west-1.amazonaws.com'])).toEqual(
      expect.arrayContaining(['ecr.dkr']),
    );
  });
});

describe('dates and clocks', () => {
  const now = Date.parse('2026-06-01T00:00:00Z');
  const vantage = (offsetMs?: number): Vantage => ({
    ...emptyVantage('ec2'),
    clock: {
      at: new Date(now).toISOString(),
      readings: offsetMs === undefined ? [] : [{ source: 'instance-metadata', offsetMs }],
    },
  });
  const host = 'kms.eu-west-1.amazonaws.com';
  const target = targetOf(host);
  const answer = (ms: number, outcome: HttpsObservation['outcome'] = 'aws-answer'): HttpsObservation => ({
    id: `https ${ms}`,
    rung: 'https',
    subject: { address: '10.0.2.14', port: 443, serverName: host, method: 'GET', path: '/' },
    after: [],
    ms: 1,
    outcome,
    detail: { clockOffsetMs: ms },
  });
  const evidence = (of: Vantage, observations: (HttpsObservation | TlsObservation)[]) =>
    evidenceFor(observations, true, of, target, undefined);

  it('AWS’s answers witness before the metadata service, the median of several; nobody else’s does', () => {
    expect(clockOffset(vantage(5_000), evidence(vantage(5_000), []))?.ms).toBe(5_000);
    expect(clockOffset(vantage(5_000), evidence(vantage(), [answer(90_000), answer(1), answer(60_000)]))?.ms).toBe(
      60_000,
    );
    expect(clockOffset(vantage(), evidence(vantage(), [answer(90_000, 'other-answer')]))).toBeUndefined();
  });

  it.each([
    ['no other clock', undefined, { validTo: '2026-05-01T00:00:00Z' }, false],
    ['a month ahead, expired in between', 40, { validTo: '2026-05-01T00:00:00Z' }, true],
    ['a day ahead, expired long before', 1, { validTo: '2026-05-01T00:00:00Z' }, false],
    ['a year ahead, expired in between, but issued since', 365, { validTo: '2026-05-01T00:00:00Z' }, false],
  ])('%s', (_words, days, dates, byClock) => {
    const of = vantage(days === undefined ? undefined : days * 86_400_000);
    const expired = seen(host, 'expired', AMAZON, { dates });
    expect(refusedByClock(expired, of, clockOffset(of, evidence(of, [])))).toBe(byClock);
    expect(refusedByClock({ ...expired, outcome: 'untrusted' }, of, clockOffset(of, evidence(of, [])))).toBe(false);
  });

  it('a date that cannot be read holds never', () => {
    expect(inDateAt([certificate(AMAZON, ['x'], { validTo: 'for ever' })], now)).toBe(false);
  });

  it.each([
    [60_000, '1 minute'],
    [-720_000, '12 minutes'],
    [3 * 3_600_000, '3 hours'],
    [400 * 86_400_000, '400 days'],
  ])('%d ms is %s', (ms, words) => {
    expect(durationWords(ms)).toBe(words);
  });
});

describe('the name to use instead', () => {
  const summaryFor = (host: string, names: readonly string[]): string | undefined => {
    const vantage = emptyVantage('ec2');
    const target = targetOf(host);
    const dns = {
      id: 'dns',
      rung: 'dns' as const,
      subject: { name: host, type: 'A' as const, server: '10.0.0.2', port: 53, transport: 'udp' as const },
      after: [],
      ms: 1,
      outcome: 'answered' as const,
      detail: { addresses: ['10.0.2.14'], cnames: [], answers: [], authority: [] },
    };
    const evidence = evidenceFor(
      [dns, seen(host, 'name-mismatch', AMAZON, { names })],
      true,
      { ...vantage, resolvers: [{ address: '10.0.0.2', port: 53 }] },
      target,
      undefined,
    );
    const context = { target, vantage, client: clientOf(vantage), state: unknownState('not-asked'), evidence };
    const outcome = tlsNameMismatch.evaluate(context);
    const facts = outcome.outcome === 'found' ? outcome.findings[0]?.facts : undefined;
    return facts === undefined ? undefined : tlsNameMismatch.fix(facts, context).summary;
  };

  it.each([
    [
      'vpce-0a1b-c2d3.logs.us-gov-west-1.vpce.amazonaws.com',
      ['logs.us-gov-west-1.amazonaws.com', 'logs-fips.us-gov-west-1.amazonaws.com'],
      'Call logs.us-gov-west-1.amazonaws.com instead of vpce-0a1b-c2d3.logs.us-gov-west-1.vpce.amazonaws.com.',
    ],
    [
      'my.dotted.bucket.s3.eu-west-1.amazonaws.com',
      ['s3.eu-west-1.amazonaws.com', '*.s3.eu-west-1.amazonaws.com'],
      'Call https://s3.eu-west-1.amazonaws.com/my.dotted.bucket (path style) instead of my.dotted.bucket.s3.eu-west-1.amazonaws.com.',
    ],
    [
      'api.example.com',
      ['*.example.org'],
      'Call a name that the certificate has (*.example.org) instead of api.example.com.',
    ],
  ])('%s', (host, names, expected) => {
    expect(summaryFor(host, names)).toBe(expected);
  });

  it('is not this cause’s to tell where the certificate is another service’s', () => {
    expect(summaryFor('kms.eu-west-1.amazonaws.com', ['logs.eu-west-1.amazonaws.com'])).toBeUndefined();
  });
});

it('a chain in words', () => {
  expect(chainWords([])).toBe('no certificate');
  expect(chainWords([certificate('CN=a', ['a'])])).toBe('certificate CN=a, which signed itself');
  expect(chainWords([certificate('CN=b', ['a']), certificate('CN=c', ['b'])])).toBe(
    'certificate CN=a, signed by CN=b, which leads to CN=c',
  );
});
