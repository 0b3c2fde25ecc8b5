/** Reports in which a cause is found, and the pieces that the other fixtures share with them. */
import type { Report, ReportCause, ReportFix, ReportTarget, RuledOut } from '../../src/model/report.ts';
import {
  CLIENT,
  CLIENT_ACL,
  CLIENT_GROUP,
  dns,
  ENDPOINT_ACL,
  ENDPOINT_GROUP,
  emptyReport,
  path,
  SECRETS,
  target,
  tcp,
  tls,
} from './parts.ts';

export const ENI_A = { to: '10.0.2.14', networkInterfaceId: 'eni-0f1e2d3c4b5a69788', zone: 'eu-west-1a' };
export const ENI_B = { to: '10.0.3.14', networkInterfaceId: 'eni-0f9e8d7c6b5a49382', zone: 'eu-west-1b' };
export const ENDPOINT = 'vpce-0aa1bb2cc3dd4ee5f';

export const gates = {
  clientGroup: ['client-sg-egress', `${CLIENT_GROUP} out`, 'pass', CLIENT_GROUP],
  clientAcl: ['client-nacl-egress', `${CLIENT_ACL} out`, 'pass', CLIENT_ACL],
  local: ['route', 'local route', 'pass'],
  endpointAcl: ['endpoint-nacl-ingress', `${ENDPOINT_ACL} in`, 'pass', ENDPOINT_ACL],
  endpointGroup: ['endpoint-sg-ingress', `${ENDPOINT_GROUP} in`, 'pass', ENDPOINT_GROUP],
  endpointAclBack: ['endpoint-nacl-return', `${ENDPOINT_ACL} answers out`, 'pass', ENDPOINT_ACL],
  clientAclBack: ['client-nacl-return', `${CLIENT_ACL} answers in`, 'pass', CLIENT_ACL],
} as const;
export const OUT = [gates.clientGroup, gates.clientAcl, gates.local, gates.endpointAcl, gates.endpointGroup];
export const BACK = [gates.endpointAclBack, gates.clientAclBack];
const GROUP_BLOCKS = ['endpoint-sg-ingress', `${ENDPOINT_GROUP} in`, 'block', ENDPOINT_GROUP] as const;

export const fineDns: readonly RuledOut[] = [
  {
    code: 'private-dns-disabled',
    title: 'Private DNS is off',
    because: `the VPC resolver gives ${ENDPOINT}'s own interfaces`,
    targets: [SECRETS],
  },
  {
    code: 'resolver-not-vpc',
    title: 'Another resolver answers',
    because: `the VPC resolver gives ${ENDPOINT}'s own interfaces`,
    targets: [SECRETS],
  },
  {
    code: 'hosts-file-overrides',
    title: 'The hosts file pins the name',
    because: '/etc/hosts does not mention the name',
    targets: [SECRETS],
  },
];
export const fineEndpoint: readonly RuledOut[] = [
  {
    code: 'endpoint-not-available',
    title: 'The endpoint is not available',
    because: `${ENDPOINT} is available`,
    targets: [SECRETS],
  },
];
export const finePath: readonly RuledOut[] = [
  {
    code: 'client-nacl-blocks-egress',
    title: "The client's network ACL blocks",
    because: 'the network ACLs pass both ways',
    targets: [SECRETS],
  },
  {
    code: 'endpoint-nacl-blocks-return',
    title: "The endpoint's network ACL blocks answers",
    because: 'the network ACLs pass both ways',
    targets: [SECRETS],
  },
  {
    code: 'client-sg-blocks-egress',
    title: "The client's security group blocks",
    because: `${CLIENT_GROUP} lets everything out`,
    targets: [SECRETS],
  },
  {
    code: 'route-missing',
    title: 'No route',
    because: 'the local route leads to the endpoint and back',
    targets: [SECRETS],
  },
];
export const NOT_SIGNED = 'The endpoint policy: no signed request was made.';

const admitClient: ReportFix = {
  summary: `Let ${ENDPOINT_GROUP} admit ${CLIENT_GROUP} on TCP 443`,
  commands: [
    `aws ec2 authorize-security-group-ingress --region eu-west-1 --group-id ${ENDPOINT_GROUP} --ip-permissions 'IpProtocol=tcp,FromPort=443,ToPort=443,UserIdGroupPairs=[{GroupId=${CLIENT_GROUP},Description="vpce clients"}]'`,
  ],
  undo: [
    `aws ec2 revoke-security-group-ingress --region eu-west-1 --group-id ${ENDPOINT_GROUP} --protocol tcp --port 443 --source-group ${CLIENT_GROUP}`,
  ],
  owner: 'endpoint owner',
  proof: 'opens',
  reason: 'With the rule in place every gate to every interface passes.',
};

const groupCause: ReportCause = {
  rank: 1,
  code: 'endpoint-sg-blocks-client',
  title: "The endpoint's security group does not admit this host",
  layer: 'path',
  severity: 'blocking',
  standing: 'confirmed',
  summary: `${ENDPOINT_GROUP} on ${ENDPOINT} admits TCP 443 from 10.0.9.0/24 only; this host is ${CLIENT} with ${CLIENT_GROUP}.`,
  targets: [SECRETS],
  resources: [ENDPOINT_GROUP, ENDPOINT],
  explains: ['tcp 10.0.2.14:443', 'tcp 10.0.3.14:443'],
  because: [
    {
      source: 'configuration',
      text: `${ENDPOINT_GROUP} has one inbound rule: TCP 443 from 10.0.9.0/24.`,
      ref: ENDPOINT_GROUP,
    },
    { source: 'configuration', text: `${CLIENT} is not in 10.0.9.0/24, and no rule names ${CLIENT_GROUP}.` },
    {
      source: 'rule',
      text: 'A security group drops what no rule admits, without an answer.',
      ref: 'https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html',
    },
  ],
  fix: admitClient,
  reachabilityAnalyzerCode: 'ENI_SG_RULES_MISMATCH',
};

export const secretsTarget: ReportTarget = target(SECRETS, {
  requested: ['secretsmanager'],
  service: 'com.amazonaws.eu-west-1.secretsmanager',
  summary: 'Neither interface of the endpoint answers on TCP 443.',
  intendedPath: `${ENDPOINT} (interface)`,
  actualPath: 'none',
  hops: [
    path('block', [...OUT.slice(0, 4), GROUP_BLOCKS], ENI_A, BACK),
    path('block', [...OUT.slice(0, 4), GROUP_BLOCKS], ENI_B, BACK),
  ],
  causes: ['endpoint-sg-blocks-client'],
});

export const endpointGroup: Report = {
  ...emptyReport,
  durationMs: 3912,
  verdict: 'blocked',
  headline: `${SECRETS} cannot be reached. One cause explains it.`,
  targets: [secretsTarget],
  causes: [groupCause],
  fixPlan: { steps: [1], opens: [SECRETS], remaining: [], undo: admitClient.undo },
  ruledOut: [...fineEndpoint, ...fineDns, ...finePath],
  notChecked: [NOT_SIGNED],
  observations: [dns(SECRETS, [ENI_A.to, ENI_B.to]), tcp(ENI_A.to, 'timeout'), tcp(ENI_B.to, 'timeout')],
};

const privateDnsOff: ReportCause = {
  rank: 1,
  code: 'private-dns-disabled',
  title: "Private DNS is off, so the service's own name leads out of the VPC",
  layer: 'dns',
  severity: 'blocking',
  standing: 'confirmed',
  summary: `${ENDPOINT} has private DNS off. ${SECRETS} resolves to public addresses, and this subnet has no way out.`,
  targets: [SECRETS],
  resources: [ENDPOINT],
  explains: [`dns ${SECRETS} A @10.0.0.2`, 'tcp 52.94.216.40:443', 'tcp 52.94.217.11:443'],
  because: [
    { source: 'configuration', text: `${ENDPOINT} has PrivateDnsEnabled false.` },
    {
      source: 'probe',
      text: `The VPC resolver answers ${SECRETS} with 52.94.216.40 and 52.94.217.11, which no interface of the VPC holds.`,
      ref: `dns ${SECRETS} A @10.0.0.2`,
    },
  ],
  fix: {
    summary: `Turn private DNS on for ${ENDPOINT}`,
    commands: [`aws ec2 modify-vpc-endpoint --region eu-west-1 --vpc-endpoint-id ${ENDPOINT} --private-dns-enabled`],
    undo: [`aws ec2 modify-vpc-endpoint --region eu-west-1 --vpc-endpoint-id ${ENDPOINT} --no-private-dns-enabled`],
    owner: 'endpoint owner',
    proof: 'necessary',
    reason: `${ENDPOINT_GROUP} still blocks both interfaces.`,
    caution: 'Every client in the VPC then goes through the endpoint, those with a NAT gateway too.',
    terraform: [
      'resource "aws_vpc_endpoint_private_dns" "secrets" {',
      `  vpc_endpoint_id     = "${ENDPOINT}"`,
      '  private_dns_enabled = true',
      '}',
      '',
      '# Undo: private_dns_enabled = false.',
    ].join('\n'),
    alternatives: [
      {
        summary: 'Give this one application the endpoint URL',
        commands: ['curl -sS https://vpce-0aa.example/'],
        undo: [],
        proof: 'unproven',
        reason: 'The application is not part of the model.',
      },
    ],
    blastRadius: {
      summary: `This changes ${SECRETS} for the whole VPC, 3 other subnets of it. On the model 1 subnet (subnet-0f1) would lose it: ${ENDPOINT_GROUP} does not admit it (10.0.7.9).`,
      subnets: ['subnet-0f1', 'subnet-0f2', 'subnet-0f3'],
      breaks: [
        {
          subnetId: 'subnet-0f1',
          networkInterfaceId: 'eni-0f1',
          address: '10.0.7.9',
          target: SECRETS,
          because: `${ENDPOINT_GROUP} does not admit it`,
        },
      ],
      unknown: [],
    },
  },
};

export const twoFaults: Report = {
  ...endpointGroup,
  headline: `${SECRETS} cannot be reached. Two causes stand in the way, and both must go.`,
  targets: [{ ...secretsTarget, actualPath: 'public', causes: ['private-dns-disabled', 'endpoint-sg-blocks-client'] }],
  causes: [
    privateDnsOff,
    {
      ...groupCause,
      rank: 2,
      standing: 'likely',
      explains: [],
      fix: { ...admitClient, proof: 'necessary', reason: 'The name still leads elsewhere.' },
    },
  ],
  fixPlan: {
    steps: [2, 1],
    opens: [SECRETS],
    remaining: [],
    undo: [...privateDnsOff.fix.undo, ...admitClient.undo],
  },
  ruledOut: [...fineEndpoint, ...finePath],
  observations: [
    dns(SECRETS, ['52.94.216.40', '52.94.217.11']),
    tcp('52.94.216.40', 'timeout'),
    tcp('52.94.217.11', 'timeout'),
    tcp(ENI_A.to, 'skipped', { ms: 0 }),
    tcp(ENI_B.to, 'skipped', { ms: 0 }),
  ],
};

const NARROW = ['client-nacl-return', `${CLIENT_ACL} answers in`, 'partial', CLIENT_ACL, '57 % blocked'] as const;
const ADMIT_ANSWERS = `aws ec2 replace-network-acl-entry --region eu-west-1 --network-acl-id ${CLIENT_ACL} --ingress --rule-number 120 --protocol tcp --port-range From=1024,To=65535 --cidr-block 10.0.0.0/16 --rule-action allow`;

export const partialAcl: Report = {
  ...emptyReport,
  durationMs: 4105,
  verdict: 'degraded',
  headline: `${SECRETS} answers only on some connections: 57 % of source ports are refused by a network ACL.`,
  targets: [
    {
      ...secretsTarget,
      status: 'degraded',
      summary: 'One interface answers always, the other from some source ports only.',
      actualPath: ENDPOINT,
      hops: [
        path(
          'pass',
          [
            gates.clientGroup,
            ['client-nacl-egress', `${CLIENT_ACL} out`, 'skipped', CLIENT_ACL],
            gates.local,
            gates.endpointGroup,
          ],
          { ...ENI_A, to: '10.0.1.77' },
        ),
        path('partial', OUT, ENI_B, [gates.endpointAclBack, NARROW]),
      ],
      causes: ['client-nacl-blocks-return'],
    },
  ],
  causes: [
    {
      rank: 1,
      code: 'client-nacl-blocks-return',
      title: "The client subnet's network ACL drops most answers",
      layer: 'path',
      severity: 'degrading',
      standing: 'confirmed',
      summary: `${CLIENT_ACL} admits answers to ports 1024–44999 only; this host connects from 32768–60999, so 57 % of its connections never hear back.`,
      targets: [SECRETS],
      resources: [CLIENT_ACL],
      explains: ['tcp 10.0.3.14:443 from port 52000', 'tcp 10.0.3.14:443 from port 60000'],
      because: [
        { source: 'configuration', text: 'Inbound rule 120 allows TCP 1024–44999 from 10.0.0.0/16.', ref: CLIENT_ACL },
        { source: 'configuration', text: 'Inbound rule * denies the rest.', ref: CLIENT_ACL },
        { source: 'host', text: 'net.ipv4.ip_local_port_range is 32768 60999.' },
      ],
      fix: {
        summary: `Widen rule 120 of ${CLIENT_ACL} to the whole ephemeral range`,
        commands: [ADMIT_ANSWERS],
        undo: [ADMIT_ANSWERS.replace('To=65535', 'To=44999')],
        owner: 'network owner',
        proof: 'opens',
        reason: 'All source ports pass then.',
        caution: `${CLIENT_ACL} guards two more subnets: subnet-0d1 and subnet-0d2.`,
      },
      reachabilityAnalyzerCode: 'SUBNET_ACL_RESTRICTION',
    },
  ],
  fixPlan: { steps: [1], opens: [SECRETS], remaining: [], undo: [] },
  ruledOut: [...fineEndpoint, ...fineDns],
  notChecked: [NOT_SIGNED],
  observations: [
    dns(SECRETS, ['10.0.1.77', ENI_B.to]),
    tcp('10.0.1.77', 'open'),
    tcp(ENI_B.to, 'open', { localPort: 33000 }),
    tcp(ENI_B.to, 'open', { localPort: 40000 }),
    tcp(ENI_B.to, 'timeout', { localPort: 52000 }),
    tcp(ENI_B.to, 'timeout', { localPort: 60000 }),
    tls('10.0.1.77', SECRETS),
    tls(ENI_B.to, SECRETS),
  ],
};

/** `diagnose --state`: the same fault, no packet sent. */
export const modelled: Report = {
  ...endpointGroup,
  durationMs: 31,
  headline: `By its configuration ${SECRETS} cannot be reached. One cause explains it.`,
  targets: [{ ...secretsTarget, summary: 'No interface of the endpoint can be reached by the model.' }],
  causes: [{ ...groupCause, standing: 'modelled', explains: [] }],
  notChecked: ['Whether packets arrive: none were sent.'],
  observations: [],
};
