/** Two reports that strain a renderer: very many targets, and strings that an attacker might have chosen. */
import type { Report, ReportTarget } from '../../src/model/report.ts';
import { CLIENT_GROUP, dns, emptyReport, https, path, target, tcp, tls } from './parts.ts';

const NAMES = [
  'api.ecr',
  'athena',
  'autoscaling',
  'cloudformation',
  'ec2',
  'ec2messages',
  'ecs',
  'elasticache',
  'email',
  'events',
  'execute-api',
  'firehose',
  'glue',
  'kinesis',
  'kms',
  'lambda',
  'logs',
  'monitoring',
  'secretsmanager',
  'sns',
  'sqs',
  'ssm',
  'ssmmessages',
  'states',
  'sts',
];
const GROUP = 'sg-0e5e6e7e8e9e0e1e2';

function one(name: string, index: number): ReportTarget {
  const host = `${name}.eu-west-1.amazonaws.com`;
  const endpoint = `vpce-0${(index + 16).toString(16)}1bb2cc3dd4ee5f`;
  const end = {
    to: `10.0.2.${index + 10}`,
    networkInterfaceId: `eni-0${(index + 16).toString(16)}0f0e0d0c0b0a09`,
    zone: 'eu-west-1a',
  };
  if (index % 8 === 7) {
    return target(host, {
      status: 'reachable',
      summary: 'AWS answers.',
      intendedPath: `${endpoint} (interface)`,
      actualPath: endpoint,
      hops: [path('pass', [], end)],
    });
  }
  return target(host, {
    summary: 'No answer on TCP 443.',
    intendedPath: `${endpoint} (interface)`,
    actualPath: 'none',
    hops: [
      path(
        'block',
        [
          ['client-sg-egress', `${CLIENT_GROUP} out`],
          ['route', 'local route'],
          ['endpoint-sg-ingress', `${GROUP} in`, 'block', GROUP],
        ],
        end,
      ),
    ],
    causes: ['endpoint-sg-blocks-client'],
  });
}

const targets = NAMES.map(one);
const closed = targets.filter((entry) => entry.status === 'unreachable');
const addressOf = (entry: ReportTarget): string => entry.hops.at(0)?.to ?? '';

export const manyTargets: Report = {
  ...emptyReport,
  durationMs: 7210,
  verdict: 'blocked',
  headline: '22 of 25 targets cannot be reached. One cause explains them all.',
  targets,
  causes: [
    {
      rank: 1,
      code: 'endpoint-sg-blocks-client',
      title: "The endpoints' security group does not admit this host",
      layer: 'path',
      severity: 'blocking',
      standing: 'confirmed',
      summary: `${GROUP} is on all 22 endpoints and has no inbound rule at all.`,
      targets: closed.map((entry) => entry.id),
      resources: [GROUP],
      explains: closed.map((entry) => `tcp ${addressOf(entry)}:443`),
      because: [{ source: 'configuration', text: `${GROUP} has no inbound rule.` }],
      fix: {
        summary: `Let ${GROUP} admit ${CLIENT_GROUP} on TCP 443`,
        commands: [
          `aws ec2 authorize-security-group-ingress --group-id ${GROUP} --protocol tcp --port 443 --source-group ${CLIENT_GROUP}`,
        ],
        undo: [
          `aws ec2 revoke-security-group-ingress --group-id ${GROUP} --protocol tcp --port 443 --source-group ${CLIENT_GROUP}`,
        ],
        owner: 'endpoint owner',
        proof: 'opens',
        reason: 'Nothing else blocks them.',
      },
    },
  ],
  fixPlan: { steps: [1], opens: closed.map((entry) => entry.id), remaining: [], undo: [] },
  observations: targets.map((entry) => tcp(addressOf(entry), entry.status === 'reachable' ? 'open' : 'timeout')),
};

/** Clears the screen, writes a fake verdict, hides the rest. */
export const ESCAPE = '\x1b[2J\x1b[1;1HHEALTHY\x1b[8m';
/** C1 control sequence introducer, bell, title change. */
export const CONTROLS = '\x9b31m\x07\x1b]0;owned\x07\x7f';
/** Right-to-left override and friends, zero-width, byte order mark, tag character. */
export const UNSEEN = 'abc\u202egnp.exe\u2066x\u2069\u200b\ufeff\u{e0041}\u00ad';
const MARKUP =
  '<script>alert(1)</script> & "quoted" \'single\' `tick` | pipe *bold* _it_ [a](http://evil.example) @team #12';
const HOST = `evil${ESCAPE}.example.com`;

export const nasty: Report = {
  ...emptyReport,
  verdict: 'blocked',
  headline: `${HOST} cannot be reached.\nHEALTHY everything is fine\r\n${MARKUP}`,
  vantage: { ...emptyReport.vantage, instanceId: `i-0${CONTROLS}`, notes: [`${UNSEEN}\u2028second line`] },
  targets: [
    target(HOST, {
      summary: `${MARKUP} ${CONTROLS}`,
      intendedPath: `vpce-0aa ${UNSEEN}`,
      actualPath: 'public',
      hops: [
        path(
          'block',
          [
            ['client-sg-egress', `${UNSEEN} out`],
            ['endpoint-sg-ingress', `sg-0e1 ${ESCAPE} in`, 'block', 'sg-0e1', MARKUP],
          ],
          {
            to: '10.0.2.14',
            networkInterfaceId: 'eni-0f',
            zone: CONTROLS,
          },
        ),
        path('pass', [], { to: '10.0.3.14', networkInterfaceId: 'eni-1f', zone: MARKUP }),
      ],
      causes: ['tls-intercepted', 'endpoint-sg-blocks-client'],
    }),
    target('-=+#>1. looks like markup', { status: 'unknown', summary: '# not a heading\n- not a list' }),
  ],
  causes: [
    {
      rank: 1,
      code: 'endpoint-sg-blocks-client',
      title: `Title ${MARKUP}${ESCAPE}`,
      layer: 'path',
      severity: 'blocking',
      standing: 'confirmed',
      summary: `1. ${MARKUP} ${UNSEEN}\n\n# Heading`,
      targets: [HOST],
      resources: ['sg-0e1'],
      explains: [`tls 10.0.2.14:443 ${HOST}`, `https 10.0.2.14:443 ${HOST} GET /`],
      because: [{ source: 'probe', text: `${CONTROLS}${MARKUP}`, ref: `ref ${ESCAPE}` }],
      fix: {
        summary: MARKUP,
        commands: [
          `aws route53 list-hosted-zones --query "x${ESCAPE}"`,
          'echo one\nrm -rf important',
          'echo "```" "</code></pre><script>alert(1)</script>"',
        ],
        undo: ['echo \u202e"reversed"'],
        owner: 'network owner',
        proof: 'unproven',
        reason: `${MARKUP} ${CONTROLS}`,
        caution: UNSEEN,
        terraform: `resource "x" "${ESCAPE}"`,
        privilege: 'anywhere',
        alternatives: [
          {
            summary: MARKUP,
            commands: ['echo one\nrm -rf important'],
            undo: [],
            terraform: `# ${UNSEEN}`,
            proof: 'unproven',
            reason: MARKUP,
            caution: MARKUP,
          },
        ],
        blastRadius: {
          summary: `${MARKUP} ${ESCAPE}`,
          subnets: [MARKUP],
          breaks: [{ subnetId: MARKUP, target: MARKUP, because: MARKUP }],
          unknown: [],
        },
      },
    },
  ],
  fixPlan: {
    steps: [1],
    opens: [],
    remaining: [HOST, MARKUP],
    beyondModel: { targets: [HOST], steps: [1] },
    undo: ['echo \x1b[31m'],
  },
  contradicted: [
    {
      code: 'hosts-file-overrides',
      title: MARKUP,
      summary: ESCAPE,
      targets: [HOST],
      resources: [],
      observed: CONTROLS,
      observations: [],
      couldBe: [UNSEEN, MARKUP],
    },
  ],
  ruledOut: [{ code: 'clock-skew', title: MARKUP, because: `${MARKUP}${CONTROLS}`, targets: [] }],
  undecided: [
    {
      code: 'route-missing',
      title: MARKUP,
      targets: [],
      missing: [
        { slice: 'routeTables', action: 'ec2:DescribeRouteTables', why: 'not-visible', detail: `rtb-0 ${ESCAPE}` },
      ],
      matters: true,
    },
  ],
  unexplained: [`dns ${HOST} A @10.0.0.2`, `an id that was never observed ${ESCAPE}`],
  notChecked: [`${MARKUP}${ESCAPE}`],
  observations: [
    dns(HOST, ['10.0.2.14', `10.0.3.14${CONTROLS}`]),
    tls('10.0.2.14', HOST, 'untrusted', { certificate: { issuer: `CN=${MARKUP}${ESCAPE}` } }),
    https('10.0.2.14', HOST, { status: 200, server: `nginx ${CONTROLS} ${'x'.repeat(300)}`, outcome: 'other-answer' }),
  ],
  coverage: [{ what: `ec2:Describe${ESCAPE}`, outcome: 'refused', count: 1, why: CONTROLS }],
  warnings: [`${UNSEEN} ${MARKUP} \ud800 lone`],
};
