/**
 * A certificate authority for the lab, made anew for every run: ECDSA P-256 X.509 v3 certificates (RFC 5280), written in
 * DER with nothing but node:crypto, so that neither the tool nor its tests carry a key.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import ipaddr from 'ipaddr.js';

/** A certificate and its private key, both PEM. */
export type Identity = { readonly certificate: string; readonly key: string };

export type CertificateRequest = {
  /** DNS names (`*.` allowed) and IP addresses, at least one; the first short one is the common name too */
  readonly names: readonly string[];
  /** a day ago unless given; as text where the request came out of a file */
  readonly validFrom?: Date | string | undefined;
  /** in ninety days unless given */
  readonly validTo?: Date | string | undefined;
  /** signed by its own key instead of the authority's */
  readonly selfSigned?: boolean | undefined;
};

export type Authority = {
  /** its own certificate, PEM */
  readonly certificate: string;
  /** The same request gets the same certificate again. */
  readonly issue: (request: CertificateRequest) => Identity;
};

const DAY = 86_400_000;
const OID = {
  ecdsaWithSha256: [1, 2, 840, 10045, 4, 3, 2],
  commonName: [2, 5, 4, 3],
  country: [2, 5, 4, 6],
  organization: [2, 5, 4, 10],
  subjectKeyIdentifier: [2, 5, 29, 14],
  keyUsage: [2, 5, 29, 15],
  subjectAltName: [2, 5, 29, 17],
  basicConstraints: [2, 5, 29, 19],
  authorityKeyIdentifier: [2, 5, 29, 35],
  extendedKeyUsage: [2, 5, 29, 37],
  serverAuth: [1, 3, 6, 1, 5, 5, 7, 3, 1],
} as const;

/**
 * The default subject reads like Amazon's own issuers, whose certificates say `O=Amazon`; a middlebox gets another.
 * @param now the time of its world, in milliseconds since the epoch
 */
export function createAuthority(
  commonName = 'vpce-doctor lab CA',
  organization = 'Amazon',
  now: number = Date.now(),
): Authority {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = distinguishedName({ country: 'US', organization, commonName });
  const certificate = signedCertificate({
    subject,
    issuer: subject,
    publicKey: keys.publicKey,
    issuerKeys: keys,
    validFrom: new Date(now - 30 * DAY),
    validTo: new Date(now + 365 * DAY),
    extensions: [
      extension(OID.basicConstraints, true, sequence(tlv(0x01, Buffer.of(0xff)))),
      extension(OID.keyUsage, true, tlv(0x03, Buffer.of(1, 0b0000_0110))), // keyCertSign, cRLSign
    ],
  });
  const issued = new Map<string, Identity>();

  function issue(request: CertificateRequest): Identity {
    const { names, selfSigned = false } = request;
    if (names.length === 0) throw new Error('a certificate needs at least one name');
    const cached = issued.get(JSON.stringify(request));
    if (cached !== undefined) return cached;
    const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    // RFC 5280, upper bounds: a common name has at most 64 characters. Longer ones are in the alternative names alone.
    const common = names.find((name) => name.length <= 64);
    const leafSubject = distinguishedName(common === undefined ? {} : { commonName: common });
    const leaf: Identity = {
      certificate: signedCertificate({
        subject: leafSubject,
        issuer: selfSigned ? leafSubject : subject,
        publicKey: own.publicKey,
        issuerKeys: selfSigned ? own : keys,
        validFrom: new Date(request.validFrom ?? now - DAY),
        validTo: new Date(request.validTo ?? now + 90 * DAY),
        extensions: [
          extension(OID.basicConstraints, true, sequence()),
          // A key that says what it is for must say that it signs certificates before it counts as its own issuer.
          ...(selfSigned ? [] : [extension(OID.keyUsage, true, tlv(0x03, Buffer.of(7, 0b1000_0000)))]), // digitalSignature
          extension(OID.extendedKeyUsage, false, sequence(oid(OID.serverAuth))),
          extension(OID.subjectAltName, common === undefined, sequence(...names.map(generalName))),
        ],
      }),
      key: own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
    issued.set(JSON.stringify(request), leaf);
    return leaf;
  }
  return { certificate, issue };
}

/** Who signed a certificate when it was not Amazon: an authority by its name. */
export type Signer = { readonly commonName: string; readonly organization: string };

/** The authorities of a world: the same one for the same name, made when it is first needed. `amazon` for no name. */
export function createSigners(amazon: Authority, now: number): (signer: Signer | undefined) => Authority {
  const others = new Map<string, Authority>();
  return (signer) => {
    if (signer === undefined) return amazon;
    const name = JSON.stringify([signer.commonName, signer.organization]);
    const authority = others.get(name) ?? createAuthority(signer.commonName, signer.organization, now);
    others.set(name, authority);
    return authority;
  };
}

type Template = {
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly publicKey: KeyObject;
  readonly issuerKeys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  readonly validFrom: Date;
  readonly validTo: Date;
  readonly extensions: readonly Buffer[];
};

function signedCertificate(template: Template): string {
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // positive, and without leading zeros
  const toBeSigned = sequence(
    tlv(0xa0, tlv(0x02, Buffer.of(2))), // version 3
    tlv(0x02, serial),
    algorithm,
    template.issuer,
    sequence(time(template.validFrom), time(template.validTo)),
    template.subject,
    spki(template.publicKey),
    tlv(0xa3, sequence(...template.extensions, ...keyIdentifiers(template))),
  );
  const signature = sign('sha256', toBeSigned, template.issuerKeys.privateKey);
  const der = sequence(toBeSigned, algorithm, tlv(0x03, Buffer.of(0), signature));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** Which key this is and which key signed it; strict verifiers (Python 3.13) insist on both. */
function keyIdentifiers({ publicKey, issuerKeys }: Template): Buffer[] {
  const id = (key: KeyObject) => createHash('sha1').update(spki(key)).digest();
  return [
    extension(OID.subjectKeyIdentifier, false, tlv(0x04, id(publicKey))),
    extension(OID.authorityKeyIdentifier, false, sequence(tlv(0x80, id(issuerKeys.publicKey)))),
  ];
}

function spki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

function distinguishedName(parts: { country?: string; organization?: string; commonName?: string }): Buffer {
  const fields = (['country', 'organization', 'commonName'] as const).flatMap((field) => {
    const text = parts[field];
    // A country is a PrintableString by definition; the others are UTF8String.
    const tag = field === 'country' ? 0x13 : 0x0c;
    return text === undefined ? [] : [tlv(0x31, sequence(oid(OID[field]), tlv(tag, Buffer.from(text))))];
  });
  return sequence(...fields);
}

function generalName(name: string): Buffer {
  return ipaddr.isValid(name) ? tlv(0x87, Buffer.from(ipaddr.parse(name).toByteArray())) : tlv(0x82, Buffer.from(name));
}

function extension(id: readonly number[], critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [tlv(0x01, Buffer.of(0xff))] : []), tlv(0x04, value));
}

/** UTCTime before 2050, GeneralizedTime from then on (RFC 5280, 4.1.2.5). */
function time(date: Date): Buffer {
  const text = `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  return date.getUTCFullYear() < 2050 ? tlv(0x17, Buffer.from(text.slice(2))) : tlv(0x18, Buffer.from(text));
}

function oid([first = 0, second = 0, ...rest]: readonly number[]): Buffer {
  const bytes = rest.flatMap((part) => {
    const septets = [part & 0x7f];
    for (let left = part >>> 7; left > 0; left >>>= 7) septets.unshift((left & 0x7f) | 0x80);
    return septets;
  });
  return tlv(0x06, Buffer.of(first * 40 + second, ...bytes));
}

function sequence(...content: readonly Buffer[]): Buffer {
  return tlv(0x30, ...content);
}

/** Tag, length, value. */
function tlv(tag: number, ...content: readonly Buffer[]): Buffer {
  const value = Buffer.concat(content);
  const { length } = value;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, Math.floor(length / 0x100), length % 0x100];
  return Buffer.concat([Buffer.of(tag, ...size), value]);
}
