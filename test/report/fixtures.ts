/** Reports built by hand, one for each thing that a report has to be able to say. */
import type { Report } from '../../src/model/report.ts';
import {
  BACK,
  ENDPOINT,
  ENI_A,
  ENI_B,
  endpointGroup,
  fineDns,
  fineEndpoint,
  finePath,
  gates,
  modelled,
  NOT_SIGNED,
  OUT,
  partialAcl,
  secretsTarget,
  twoFaults,
} from './fixtures-faults.ts';
import { manyTargets, nasty } from './fixtures-odd.ts';
import { CLIENT, dns, ENDPOINT_GROUP, emptyReport, https, path, SECRETS, target, tcp, tls } from './parts.ts';

const S3 = 's3.eu-west-1.amazonaws.com';

export const healthy: Report = {
  ...emptyReport,
  durationMs: 640,
  headline: 'Both targets are reached through their endpoints.',
  targets: [
    target(SECRETS, {
      requested: ['secretsmanager'],
      status: 'reachable',
      summary: 'Both interfaces answer on TCP 443 with a trusted certificate, and AWS answers behind them.',
      intendedPath: `${ENDPOINT} (interface)`,
      actualPath: ENDPOINT,
      hops: [path('pass', OUT, ENI_A, BACK), path('pass', OUT, ENI_B, BACK)],
    }),
    target(S3, {
      requested: ['s3'],
      status: 'reachable',
      summary: 'AWS answers, by way of the gateway endpoint.',
      intendedPath: 'vpce-0bb2cc3dd4ee5ff6a (gateway)',
      actualPath: 'vpce-0bb2cc3dd4ee5ff6a',
    }),
  ],
  ruledOut: [...fineEndpoint, ...fineDns, ...finePath],
  notChecked: ['The endpoint policies: no signed request was made.'],
  observations: [
    dns(SECRETS, [ENI_A.to, ENI_B.to]),
    tcp(ENI_A.to, 'open'),
    tcp(ENI_B.to, 'open'),
    tls(ENI_A.to, SECRETS),
    tls(ENI_B.to, SECRETS),
    https(ENI_A.to, SECRETS, { status: 404, errorType: 'UnknownOperationException' }),
  ],
  coverage: [
    { what: 'ec2:DescribeVpcEndpoints', outcome: 'made', count: 1 },
    { what: 'tcp', outcome: 'made', count: 2, why: 'does every interface of the endpoint answer?' },
  ],
};

const aclDenied = { slice: 'networkAcls', action: 'ec2:DescribeNetworkAcls', why: 'denied' } as const;
const undecidedAcl = (
  code: 'client-nacl-blocks-egress' | 'client-nacl-blocks-return' | 'endpoint-nacl-blocks-ingress',
) => ({ code, title: 'A network ACL blocks', targets: [SECRETS], missing: [aclDenied], matters: true }) as const;

export const inconclusive: Report = {
  ...emptyReport,
  durationMs: 4230,
  verdict: 'inconclusive',
  headline: `${SECRETS} cannot be reached, and what was readable does not explain it.`,
  vantage: {
    ...emptyReport.vantage,
    ephemeralPorts: { from: 32768, to: 60999, source: 'assumed' },
    notes: ['The metadata service gave no account id.'],
  },
  targets: [
    {
      ...secretsTarget,
      hops: [
        path(
          'unknown',
          [
            gates.clientGroup,
            ['client-nacl-egress', 'network ACL out', 'unknown'],
            gates.local,
            ['endpoint-nacl-ingress', 'network ACL in', 'unknown'],
            gates.endpointGroup,
          ],
          ENI_A,
        ),
      ],
      causes: [],
    },
  ],
  undecided: [
    undecidedAcl('client-nacl-blocks-egress'),
    undecidedAcl('client-nacl-blocks-return'),
    undecidedAcl('endpoint-nacl-blocks-ingress'),
    {
      code: 'dns-firewall-blocks',
      title: 'DNS Firewall blocks the name',
      targets: [SECRETS],
      missing: [{ slice: 'dhcpOptions', action: 'ec2:DescribeDhcpOptions', why: 'throttled' }],
      matters: false,
    },
  ],
  unexplained: ['tcp 10.0.2.14:443', 'tcp 10.0.3.14:443'],
  ruledOut: [...fineEndpoint, ...fineDns, ...finePath.slice(2)],
  notChecked: [NOT_SIGNED],
  observations: [dns(SECRETS, [ENI_A.to, ENI_B.to]), tcp(ENI_A.to, 'timeout'), tcp(ENI_B.to, 'timeout')],
  coverage: [
    { what: 'ec2:DescribeVpcEndpoints', outcome: 'made', count: 1 },
    { what: 'ec2:DescribeNetworkAcls', outcome: 'refused', count: 1, why: 'UnauthorizedOperation' },
    { what: 'ec2:DescribeInstances', outcome: 'refused', count: 1, why: 'UnauthorizedOperation' },
  ],
};

export const contradicted: Report = {
  ...healthy,
  headline: `${SECRETS} is reached through its endpoint, against what the configuration says.`,
  targets: healthy.targets.slice(0, 1),
  contradicted: [
    {
      code: 'endpoint-sg-blocks-client',
      title: "The endpoint's security group does not admit this host",
      summary: `By its rules ${ENDPOINT_GROUP} does not admit ${CLIENT} on TCP 443`,
      targets: [SECRETS],
      resources: [ENDPOINT_GROUP],
      observed: 'both interfaces answer on TCP 443 within 1 ms',
      observations: ['tcp 10.0.2.14:443', 'tcp 10.0.3.14:443'],
      couldBe: [
        'the rules changed after they were read',
        'a group that this account cannot see is attached as well',
        'the traffic leaves by another address than 10.0.1.23',
      ],
    },
  ],
};

export const unexplained: Report = {
  ...endpointGroup,
  verdict: 'inconclusive',
  headline: `${SECRETS} opens on TCP 443 and then falls silent. Nothing in the configuration explains it.`,
  targets: [
    {
      ...secretsTarget,
      summary: 'TCP opens on both interfaces, the TLS handshake gets no answer.',
      actualPath: ENDPOINT,
      hops: [path('pass', OUT, ENI_A, BACK), path('pass', OUT, ENI_B, BACK)],
      causes: [],
    },
  ],
  causes: [],
  fixPlan: emptyReport.fixPlan,
  unexplained: [`tls 10.0.2.14:443 ${SECRETS}`, `tls 10.0.3.14:443 ${SECRETS}`, `dns ${SECRETS} AAAA @10.0.0.2`],
  observations: [
    dns(SECRETS, [ENI_A.to, ENI_B.to]),
    dns(SECRETS, [], { type: 'AAAA', outcome: 'servfail' }),
    tcp(ENI_A.to, 'open'),
    tcp(ENI_B.to, 'open'),
    tls(ENI_A.to, SECRETS, 'timeout', { ms: 4000 }),
    tls(ENI_B.to, SECRETS, 'timeout', { ms: 4000 }),
  ],
  warnings: ['The deadline of 30 s came before 3 probes were sent.'],
};

/** Every fixture by the name of its golden files. */
export const FIXTURES = {
  healthy,
  'endpoint-group': endpointGroup,
  'two-faults': twoFaults,
  'partial-acl': partialAcl,
  modelled,
  inconclusive,
  contradicted,
  unexplained,
  'many-targets': manyTargets,
  nasty,
} as const satisfies Record<string, Report>;
