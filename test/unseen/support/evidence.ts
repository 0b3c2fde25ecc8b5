/** What a run of `probe` on the client would have seen, in a few lines, as the evidence file that it saves. */
import { cidrsOf, clientOf, type Network, REGION, subnetsOf } from './network.ts';
import { ACCOUNT, id } from './rules.ts';

export type Seen = {
  readonly id: string;
  readonly rung: string;
  readonly outcome: string;
  readonly [key: string]: unknown;
};

export const VPC_RESOLVER = '10.40.0.2';
const AMAZON = [['CN=Amazon RSA 2048 M03, O=Amazon, C=US', 'CN=Amazon Root CA 1, O=Amazon, C=US']] as const;

export type Evidence = {
  readonly seen: readonly Seen[];
  readonly resolvers?: readonly string[];
  /** laid over the vantage */
  readonly vantage?: Readonly<Record<string, unknown>>;
};

/** One question for A, and one for AAAA, to one server. A word instead of addresses is the outcome of both. */
export function dns(
  name: string,
  answer: readonly string[] | 'nxdomain' | 'no-data' | 'timeout' | 'servfail' | 'refused',
  {
    server = VPC_RESOLVER,
    cnames = [],
    attempt,
  }: { server?: string; cnames?: readonly string[]; attempt?: number } = {},
): Seen[] {
  return (['A', 'AAAA'] as const).map((type) => {
    const addresses =
      typeof answer === 'string' ? [] : answer.filter((address) => address.includes(':') === (type === 'AAAA'));
    const outcome = typeof answer === 'string' ? answer : addresses.length > 0 ? 'answered' : 'no-data';
    const last = cnames.at(-1) ?? name;
    const rcode = outcome === 'nxdomain' ? 'NXDOMAIN' : outcome === 'servfail' ? 'SERVFAIL' : 'NOERROR';
    return {
      id: `dns ${name} ${type} @${server}${attempt === undefined ? '' : ` again ${attempt}`}`,
      rung: 'dns',
      subject: { name, type, server, port: 53, transport: 'udp', ...(attempt !== undefined && { attempt }) },
      after: [],
      ms: 3,
      outcome,
      detail:
        outcome === 'timeout' || outcome === 'refused'
          ? { addresses: [], cnames: [], answers: [], authority: [], failure: { code: 'VPCE_DOCTOR_DNS_TIMEOUT' } }
          : {
              rcode,
              addresses,
              cnames,
              answers: [
                ...cnames.map((data, n) => ({ name: n === 0 ? name : cnames[n - 1], type: 'CNAME', ttl: 60, data })),
                ...addresses.map((data) => ({ name: last, type, ttl: 60, data })),
              ],
              authority: [],
              authoritative: false,
              recursionAvailable: true,
            },
    };
  });
}

/** TCP alone, to each address. */
export function tcp(addresses: readonly string[], outcome = 'timeout', port = 443, localPort?: number): Seen[] {
  const code = {
    timeout: 'VPCE_DOCTOR_CONNECT_TIMEOUT',
    refused: 'ECONNREFUSED',
    unreachable: 'ENETUNREACH',
    reset: 'ECONNRESET',
    prohibited: 'EPERM',
  }[outcome];
  return addresses.map((address) => ({
    id: `tcp ${socket(address, port)}${localPort === undefined ? '' : ` from port ${localPort}`}`,
    rung: 'tcp',
    subject: { address, port, ...(localPort !== undefined && { localPort }) },
    after: [],
    ms: outcome === 'timeout' ? 3500 : 2,
    outcome,
    detail: outcome === 'open' ? { localAddress: '10.40.1.37', localPort: localPort ?? 40112 } : { failure: { code } },
  }));
}

export type Answered = {
  readonly tls?: string;
  readonly hello?: string;
  readonly issuer?: string;
  readonly root?: string;
  readonly names?: readonly string[];
  readonly validTo?: string;
  readonly https?: string | false;
  readonly path?: string;
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly port?: number;
};

/** TCP opens; TLS and HTTPS go well unless something else is said. */
export function reached(name: string, addresses: readonly string[], answered: Answered = {}): Seen[] {
  return addresses.flatMap((address) => [
    ...tcp([address], 'open', answered.port ?? 443),
    ...above(name, address, answered),
  ]);
}

export function above(name: string, address: string, answered: Answered = {}): Seen[] {
  const { tls = 'trusted', hello, path = '/', port = 443 } = answered;
  const handshake = `tls ${socket(address, port)} ${name}`;
  const shown = ['trusted', 'untrusted', 'name-mismatch', 'expired', 'not-yet-valid'].includes(tls);
  const [issuer, root] = [answered.issuer ?? AMAZON[0][0], answered.root ?? AMAZON[0][1]];
  const error = {
    untrusted: 'SELF_SIGNED_CERT_IN_CHAIN',
    'name-mismatch': 'ERR_TLS_CERT_ALTNAME_INVALID',
    expired: 'CERT_HAS_EXPIRED',
    'not-yet-valid': 'CERT_NOT_YET_VALID',
  }[tls];
  const words: Record<string, string> = {
    small: ' with a small hello',
    large: ' with a large hello',
    'without-sni': ' with a hello without server name',
    unacceptable: ' with an unacceptable hello',
    plaintext: ' in plaintext',
  };
  return [
    {
      id: `${handshake}${hello === undefined ? '' : words[hello]}`,
      rung: 'tls',
      subject: { address, port, serverName: name, ...(hello !== undefined && { hello }) },
      after: [`tcp ${socket(address, port)}`],
      ms: tls === 'timeout' ? 3500 : 8,
      outcome: tls,
      detail: {
        chain: shown
          ? [
              {
                subject: `CN=${answered.names?.[0] ?? name}`,
                issuer,
                subjectAlternativeNames: answered.names ?? [name],
                validFrom: '2026-03-01T00:00:00.000Z',
                validTo: answered.validTo ?? '2027-04-01T00:00:00.000Z',
                fingerprint256: '0A:0B',
              },
              {
                subject: issuer,
                issuer: root,
                subjectAlternativeNames: [],
                validFrom: '2022-08-23T22:25:30.000Z',
                validTo: '2030-08-23T22:25:30.000Z',
                fingerprint256: '0C:0D',
              },
            ]
          : [],
        ...(shown
          ? { protocol: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' }
          : { failure: { code: tls === 'timeout' ? 'VPCE_DOCTOR_TLS_TIMEOUT' : 'ECONNRESET' } }),
        ...(tls === 'trusted' && { anchor: 'bundled' }),
        ...(error !== undefined && { authorizationError: error }),
      },
    },
    ...((answered.https ?? tls === 'trusted') !== false && hello === undefined && tls === 'trusted'
      ? [
          {
            id: `https ${socket(address, port)} ${name} GET ${path}`,
            rung: 'https',
            subject: { address, port, serverName: name, method: 'GET', path },
            after: [handshake],
            ms: 11,
            outcome: answered.https || 'aws-answer',
            detail:
              answered.https === undefined
                ? {
                    status: 404,
                    requestId: '7c0ffee0-0000-4000-8000-000000000001',
                    date: 'Fri, 20 Nov 2026 10:00:00 GMT',
                    clockOffsetMs: 25,
                    ...answered.detail,
                  }
                : { ...answered.detail },
          },
        ]
      : []),
  ];
}

export function proxy(
  host: string,
  outcome: string,
  {
    scheme = 'http',
    address = '10.40.100.80',
    name = 'squid.example.internal',
    status,
  }: { scheme?: string; address?: string; name?: string; status?: number } = {},
): Seen {
  return {
    id: `proxy ${scheme}://${address}:3128 CONNECT ${host}:443`,
    rung: 'proxy',
    subject: { variable: 'HTTPS_PROXY', scheme, name, address, port: 3128, host, hostPort: 443 },
    after: [],
    ms: 9,
    outcome,
    detail: status === undefined ? {} : { status },
  };
}

/** The file that `probe --save` writes. */
export function evidenceFile(network: Network, { seen, resolvers = [VPC_RESOLVER], vantage = {} }: Evidence): unknown {
  const client = clientOf(network);
  const subnet = subnetsOf(network)[client.subnet];
  const vpcId = id('vpc', subnet?.vpc ?? 'main');
  const addresses = [client.address, ...(client.ipv6 === undefined ? [] : [client.ipv6])];
  const own = {
    networkInterfaceId: id('eni', 'client'),
    vpcId,
    subnetId: id('subnet', client.subnet),
    addresses,
    publicAddresses: client.publicAddress === undefined ? [] : [client.publicAddress],
    securityGroupIds: client.groups.map((group) => id('sg', group)),
    vpcCidrs: cidrsOf(network, subnet?.vpc),
  };
  return {
    schemaVersion: 1,
    kind: 'vpce-doctor-case',
    tool: { name: 'vpce-doctor', version: '0.1.0' },
    startedAt: '2026-11-20T10:00:00.000Z',
    durationMs: 5100,
    requests: [],
    vantage: {
      kind: 'ec2',
      region: network.region ?? REGION,
      partition: 'aws',
      accountId: ACCOUNT,
      instanceId: id('i', 'client'),
      availabilityZone: `${network.region ?? REGION}${subnet?.zone}`,
      ...own,
      interfaces: [
        { ...own, macAddress: '0a:11:22:33:44:55', deviceNumber: 0, ownerId: ACCOUNT, subnetCidr: subnet?.cidr },
      ],
      resolvers: resolvers.map((address) => ({ address, port: 53 })),
      searchDomains: [`${network.region ?? REGION}.compute.internal`],
      ndots: 1,
      hosts: [{ line: 1, address: '127.0.0.1', names: ['localhost'] }],
      ephemeralPorts: { from: 32768, to: 60999, source: 'kernel' },
      localInterfaces: [
        { name: 'lo', address: '127.0.0.1', prefixLength: 8 },
        ...addresses.map((address) => ({
          name: 'ens5',
          address,
          prefixLength: address.includes(':') ? 64 : 24,
          mtu: 9001,
        })),
      ],
      localRoutes: [
        { destination: '0.0.0.0/0', gateway: '10.40.1.1', device: 'ens5', metric: 512 },
        { destination: '10.40.1.0/24', device: 'ens5', metric: 512 },
      ],
      proxy: {},
      sdk: { endpointUrls: {}, region: network.region ?? REGION, regionSource: 'AWS_REGION' },
      container: false,
      ec2Machine: true,
      notes: [],
      ...vantage,
    },
    warnings: [],
    coverage: [],
    probed: true,
    observations: seen,
    state: {},
  };
}

function socket(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
