/** Who answers, by which certificate, at which time. */
import { addNatGateway, LAB, type World } from '../../src/lab/world.ts';
import type { CauseCode } from '../../src/model/codes.ts';
import type { Scenario } from './scenario.ts';
import { endpoint, publicService, worldWith } from './worlds.ts';

type More = Partial<Scenario> & {
  verdict?: 'blocked' | 'degraded';
  standing?: 'likely';
  besides?: readonly CauseCode[];
};

const SECRETS = 'com.amazonaws.eu-west-1.secretsmanager';
const MINUTE = 60_000;

function tls(code: CauseCode, name: string, edit: (world: World) => void, more: More = {}): Scenario {
  const { verdict = 'blocked', besides = [], standing, ...rest } = more;
  return {
    name,
    group: 'single',
    world: worldWith(edit),
    targets: [LAB.secretsHost],
    expect: { verdict, causes: [code], besides, ...(standing === undefined ? {} : { standing }) },
    ...rest,
  };
}

function ahead(milliseconds: number) {
  return (world: World) => {
    world.client.clockAheadMs = milliseconds;
  };
}

const API = 'a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com';
const captured = [
  endpoint('vpce-a9100001', 'execute-api', ['*.execute-api.eu-west-1.amazonaws.com']),
  publicService('52.94.13.1', API),
];

export const TLS_SCENARIOS: readonly Scenario[] = [
  tls('certificate-expired', 'the endpoint’s certificate has expired', (world) => {
    world.endpointCertificates = { [SECRETS]: { validFromDays: -100, validToDays: -3 } };
  }),
  tls('certificate-expired', 'the endpoint’s certificate is not valid yet', (world) => {
    world.endpointCertificates = { [SECRETS]: { validFromDays: 5 } };
  }),
  tls('clock-skew', 'the clock is ten minutes ahead', ahead(10 * MINUTE), { reported: 'C242', verdict: 'degraded' }),
  tls('clock-skew', 'the clock is ten minutes behind', ahead(-10 * MINUTE), { verdict: 'degraded' }),
  tls('clock-skew', 'the clock is a year ahead, and every certificate looks expired', ahead(400 * 24 * 60 * MINUTE)),
  tls('clock-skew', 'the clock is ten days behind, and no certificate looks valid yet', ahead(-10 * 24 * 60 * MINUTE)),
  {
    name: 'the clock is a minute ahead',
    group: 'healthy',
    world: worldWith(ahead(MINUTE)),
    targets: [LAB.secretsHost],
    expect: { verdict: 'healthy', causes: [] },
  },
  tls('wrong-service-answers', 'another service answers at the endpoint’s addresses', (world) => {
    world.endpointAnswersAs = { [SECRETS]: 'kms' };
  }),
  tls(
    'ca-bundle-missing',
    'the machine’s trust store does not have Amazon’s roots',
    (world) => {
      world.client.trustStore = 'without-amazon';
    },
    { reported: 'C112' },
  ),
  {
    ...tls('public-api-hijacked', 'private DNS of the execute-api endpoint captures a public API', () => undefined, {
      reported: 'C034, C237',
      verdict: 'degraded',
    }),
    world: worldWith(addNatGateway, ...captured),
    targets: [`https://${API}/prod/orders`],
  },
];
