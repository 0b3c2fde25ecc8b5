/** Public reports that are not in our list, of the layers host and tls: each as its author’s own environment must have looked. */

import type { Unseen } from './support/command-line.ts';
import { dns, proxy, reached, tcp } from './support/evidence.ts';
import type { Endpoint, Network } from './support/network.ts';
import { id } from './support/rules.ts';

const R = 'eu-west-1.amazonaws.com';
const NAT: Network['tables'] = { app: ['0.0.0.0/0 nat:one'] };
const BOTH = ['10.40.11.21', '10.40.12.21'];
const S3_ADDRESS = '52.218.33.9';
const S3: Endpoint = { name: 's3', service: 's3', type: 'Gateway' };

const of = (...services: string[]): Endpoint[] => services.map((service) => ({ name: service, service }));
const silent = (name: string, addresses: readonly string[] = BOTH) => [...dns(name, addresses), ...tcp(addresses)];
const works = (name: string, addresses: readonly string[] = BOTH) => [
  ...dns(name, addresses),
  ...reached(name, addresses),
];

export const REPORTS_HOST_TLS: Readonly<Record<string, Unseen>> = {
  'a build in a container has no credentials': {
    source: 'https://github.com/buildkite/elastic-ci-stack-for-aws/issues/857',
    about: 'one hop too few for the token’s answer; the endpoints work',
    network: {
      endpoints: of('secretsmanager'),
      more: [
        {
          Reservations: [
            {
              Instances: [
                {
                  InstanceId: id('i', 'client'),
                  State: { Name: 'running' },
                  MetadataOptions: {
                    State: 'applied',
                    HttpTokens: 'required',
                    HttpPutResponseHopLimit: 1,
                    HttpEndpoint: 'enabled',
                  },
                },
              ],
            },
          ],
        },
      ],
    },
    evidence: {
      seen: [
        ...works(`secretsmanager.${R}`),
        {
          id: 'metadata instance 169.254.169.254:80',
          rung: 'metadata',
          subject: { service: 'instance', address: '169.254.169.254', port: 80 },
          after: [],
          ms: 1000,
          outcome: 'timeout',
          detail: { connected: true },
        },
      ],
      vantage: {
        container: true,
        metadata: { outcome: 'timeout', address: '169.254.169.254', port: 80, connected: true, ms: 1000 },
      },
    },
    targets: ['secretsmanager'],
    verdict: 'healthy',
    first: 'imds-unreachable',
  },
  'a training network of docker lies over a subnet': {
    source: 'https://github.com/aws-deepracer-community/deepracer-for-cloud/issues/113',
    about: 'docker took 10.0.1.0/24 inside the VPC’s 10.0.0.0/20: here, the endpoint’s subnet',
    network: { endpoints: of('s3') },
    evidence: {
      seen: silent(`s3.${R}`, ['10.40.11.21']).map((o) =>
        o.rung === 'tcp' ? { ...o, outcome: 'unreachable', detail: { failure: { code: 'EHOSTUNREACH' } } } : o,
      ),
      vantage: {
        localInterfaces: [
          { name: 'ens5', address: '10.40.1.37', prefixLength: 24, mtu: 9001 },
          { name: 'br-4f1c', address: '10.40.11.1', prefixLength: 24, mtu: 1500 },
        ],
        localRoutes: [
          { destination: '0.0.0.0/0', gateway: '10.40.1.1', device: 'ens5', metric: 512 },
          { destination: '10.40.11.0/24', device: 'br-4f1c', metric: 0 },
        ],
      },
    },
    targets: ['s3'],
    verdict: 'blocked',
    first: 'local-network-captures',
  },
  'the proxy refuses what NO_PROXY should exempt': {
    source: 'https://github.com/aws/amazon-vpc-cni-k8s/issues/49',
    about: 'a restrictive proxy answers 403; without it the endpoint answers',
    network: { tables: NAT, endpoints: of('ecr.api') },
    evidence: {
      seen: [...works(`api.ecr.${R}`), proxy(`api.ecr.${R}`, 'denied', { status: 403 })],
      vantage: {
        proxy: {
          httpsProxy: 'http://squid.example.internal:3128',
          noProxy: 'localhost,127.0.0.1,169.254.169.254,.internal',
        },
      },
    },
    targets: [`api.ecr.${R}`],
    verdict: 'degraded',
    first: 'proxy-captures-endpoint',
    standing: 'confirmed',
    only: true,
  },
  'the proxy wants credentials and there is no endpoint': {
    source: 'https://github.com/aws/aws-sdk-js/pull/355',
    about: 'the proxy is the way out: it answers 407; a missing endpoint is an alternative, no fault',
    network: {},
    evidence: {
      seen: [
        ...dns(`sts.${R}`, ['52.94.5.9']),
        ...tcp(['52.94.5.9']),
        proxy(`sts.${R}`, 'authentication-required', { status: 407 }),
      ],
      vantage: { proxy: { httpsProxy: 'http://squid.example.internal:3128', noProxy: '169.254.169.254' } },
    },
    targets: [`sts.${R}`],
    verdict: 'blocked',
    first: 'proxy-misconfigured',
  },
  'a builder’s clock is more than fifteen minutes ahead': {
    source: 'https://github.com/servo/saltfs/pull/949',
    about: 'S3 answers, and refuses signatures',
    network: { tables: NAT },
    evidence: {
      seen: [
        ...dns(`s3.${R}`, [S3_ADDRESS]),
        ...reached(`s3.${R}`, [S3_ADDRESS], {
          detail: { status: 307, server: 'AmazonS3', requestId: 'B7', clockOffsetMs: 960_000 },
        }),
      ],
    },
    targets: [`s3.${R}`],
    verdict: 'degraded',
    first: 'clock-skew',
  },
  'a storage server’s clock lags': {
    source: 'https://github.com/LeastAuthority/leastauthority.com/issues/157',
    about: 'just over fifteen minutes slow',
    network: { tables: { app: ['pl:s3 vpce:s3'] }, endpoints: [S3] },
    evidence: {
      seen: [
        ...dns(`s3.${R}`, [S3_ADDRESS]),
        ...reached(`s3.${R}`, [S3_ADDRESS], {
          detail: { status: 307, server: 'AmazonS3', requestId: 'B7', clockOffsetMs: -914_000 },
        }),
      ],
    },
    targets: [`s3.${R}`],
    verdict: 'degraded',
    first: 'clock-skew',
    only: true,
  },
  'the endpoint URL of a laptop went to production': {
    source: 'https://github.com/localstack/localstack/issues/4463',
    about: 'AWS_ENDPOINT_URL is http://localhost:4566, where nothing listens; what does not heed it works',
    network: { endpoints: of('secretsmanager') },
    evidence: {
      seen: [...works(`secretsmanager.${R}`), ...tcp(['127.0.0.1'], 'refused', 4566)],
      vantage: {
        sdk: {
          endpointUrls: { '': 'http://localhost:4566' },
          endpointUrlSources: { '': 'AWS_ENDPOINT_URL' },
          region: 'eu-west-1',
          regionSource: 'AWS_REGION',
        },
      },
    },
    targets: ['secretsmanager'],
    verdict: 'degraded',
    first: 'endpoint-url-override',
  },
  'a firewall decrypts': {
    source: 'https://github.com/aws/aws-cli/issues/2641',
    about: 'its own authority signs what S3 seems to send',
    network: { tables: { app: ['0.0.0.0/0 tgw:egress'] } },
    evidence: {
      seen: [
        ...dns(`s3.${R}`, [S3_ADDRESS]),
        ...reached(`s3.${R}`, [S3_ADDRESS], {
          tls: 'untrusted',
          issuer: 'CN=PA-VM Forward Trust, O=Example',
          root: 'CN=PA-VM Forward Trust, O=Example',
        }),
      ],
    },
    targets: [`s3.${R}`],
    verdict: 'blocked',
    first: 'tls-intercepted',
  },
  'a corporate firewall re-encrypts, and the global STS is asked': {
    source: 'https://github.com/kubernetes-sigs/external-dns/issues/2937',
    about: 'both: the name is not the endpoint’s, and where it leads somebody else’s certificate answers',
    network: { tables: NAT, endpoints: of('sts') },
    evidence: {
      seen: [
        ...dns('sts.amazonaws.com', ['54.239.29.25']),
        ...reached('sts.amazonaws.com', ['54.239.29.25'], {
          tls: 'untrusted',
          issuer: 'CN=Gateway CA, O=Example',
          root: 'CN=Gateway CA, O=Example',
        }),
      ],
    },
    targets: ['sts.amazonaws.com'],
    verdict: 'blocked',
    first: 'hostname-not-covered',
    also: ['tls-intercepted'],
    only: true,
  },
  'the SDK behind a corporate firewall': {
    source: 'https://github.com/aws/sagemaker-python-sdk/issues/5108',
    about: 'only the leaf is sent: unable to get local issuer certificate, of an issuer that is not Amazon',
    network: { tables: NAT },
    evidence: {
      seen: [
        ...dns(`sts.${R}`, ['52.94.5.9']),
        ...reached(`sts.${R}`, ['52.94.5.9'], {
          tls: 'untrusted',
          issuer: 'CN=Zscaler Intermediate Root CA, O=Zscaler Inc.',
          root: 'CN=Zscaler Root CA, O=Zscaler Inc.',
        }),
      ],
    },
    targets: [`sts.${R}`],
    verdict: 'blocked',
    first: 'tls-intercepted',
  },
  'Redshift’s certificate does not have the endpoint’s own name': {
    source: 'https://github.com/aws/amazon-redshift-python-driver/issues/246',
    about: 'the vpce name leads there, the certificate is of redshift-serverless.<region>',
    network: { endpoints: of('redshift-serverless') },
    evidence: {
      seen: [
        ...dns(`${id('vpce', 'redshift-serverless')}-q1w2e3r4.redshift-serverless.eu-west-1.vpce.amazonaws.com`, BOTH),
        ...reached(
          `${id('vpce', 'redshift-serverless')}-q1w2e3r4.redshift-serverless.eu-west-1.vpce.amazonaws.com`,
          BOTH,
          { tls: 'name-mismatch', names: [`redshift-serverless.${R}`] },
        ),
      ],
    },
    targets: [
      `https://${id('vpce', 'redshift-serverless')}-q1w2e3r4.redshift-serverless.eu-west-1.vpce.amazonaws.com/`,
    ],
    verdict: 'blocked',
    first: 'tls-name-mismatch',
    standing: 'confirmed',
  },
  'an image from scratch has no authorities': {
    source: 'https://github.com/aws/aws-sdk-go/issues/2322',
    about: 'the probe brings its own roots and is content; applications in the image trust nobody',
    network: { tables: { app: ['pl:s3 vpce:s3'] }, endpoints: [S3] },
    evidence: {
      seen: [
        ...dns(`bucket.s3.${R}`, [S3_ADDRESS]),
        ...reached(`bucket.s3.${R}`, [S3_ADDRESS], { names: [`*.s3.${R}`] }),
      ],
      vantage: {
        container: true,
        trustStores: [
          {
            source: 'system',
            path: '/etc/ssl/certs/ca-certificates.crt',
            certificates: 0,
            amazonRoots: [],
            problem: 'no-certificates',
          },
        ],
      },
    },
    targets: [`bucket.s3.${R}`],
    verdict: 'degraded',
    first: 'ca-bundle-missing',
  },
  'a name with a label too many': {
    source: 'https://github.com/orangewise/s3-files/issues/10',
    about: 'my-bucket.s3.s3-eu-west-1: it resolves by a wildcard, and the certificate covers one label',
    network: { tables: { app: ['0.0.0.0/0 nat:one', 'pl:s3 vpce:s3'] }, endpoints: [S3] },
    evidence: {
      seen: [
        ...dns(`my-bucket.s3.s3-${R}`, [S3_ADDRESS]),
        ...reached(`my-bucket.s3.s3-${R}`, [S3_ADDRESS], {
          tls: 'name-mismatch',
          names: [`s3-${R}`, `*.s3-${R}`, `s3.${R}`, `*.s3.${R}`],
        }),
      ],
    },
    targets: [`my-bucket.s3.s3-${R}`],
    verdict: 'blocked',
    first: 'tls-name-mismatch',
    only: true,
  },
};
