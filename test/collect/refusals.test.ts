import { afterEach, describe, expect, it } from 'vitest';
import { collectState } from '../../src/collect/collect.ts';
import { refusalOf } from '../../src/collect/refusals.ts';
import { startBlackHole, startClosedPort } from '../../src/lab/nobody.ts';
import { SLICE_NAMES, SLICES, type State } from '../../src/model/state.ts';
import { labHost, options, type Replies, startFakeAws, xml } from './support/fake-aws.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function fake(replies: Replies) {
  const aws = await startFakeAws(replies);
  stops.push(aws.stop);
  return aws;
}

/** Every reason among the slices that are asked for in this run. */
const reasons = (state: State) => [
  ...new Set(
    SLICE_NAMES.filter((name) => name !== 'instances' && SLICES[name].action.startsWith('ec2:')).map((name) =>
      state[name].known ? 'known' : state[name].why,
    ),
  ),
];

const SHORT = { apiAttempt: 300, apiCall: 700 };

describe('what the API says', () => {
  it.each([
    ['UnauthorizedOperation', 'denied'],
    ['AccessDenied', 'denied'],
    ['AccessDeniedException', 'denied'],
    ['RequestLimitExceeded', 'throttled'],
    ['Throttling', 'throttled'],
    ['AuthFailure', 'no-credentials'],
    ['ExpiredToken', 'no-credentials'],
    ['RequestExpired', 'no-credentials'],
    ['InvalidClientTokenId', 'no-credentials'],
    ['AuthorizationError', 'denied'],
    ['InvalidSignatureException', 'no-credentials'],
    ['AuthorizationHeaderMalformed', 'no-credentials'],
    ['RequestTimeTooSkewed', 'no-credentials'],
    ['IncompleteSignatureException', 'no-credentials'],
    ['InternalError', 'failed'],
    ['SomethingNew', 'failed'],
  ])('%s is %s, and the other slices are not touched by it', async (code, why) => {
    const aws = await fake({
      DescribeVpcs: { code, status: code === 'InternalError' ? 500 : 403, message: 'some\n words' },
      DescribeSubnets: xml({ subnetSet: [{ subnetId: 'subnet-1' }] }),
    });
    const { state } = await collectState(labHost(aws.url), options());
    expect(state.vpcs).toEqual({ known: false, why, detail: `${code}: some words` });
    expect(state.subnets).toEqual({ known: true, value: [{ SubnetId: 'subnet-1' }] });
    // Two attempts where another one can help, one where it cannot.
    expect(aws.count('DescribeVpcs')).toBe(why === 'throttled' || code === 'InternalError' ? 2 : 1);
  });

  it('answers the second attempt after a throttled first one', async () => {
    const aws = await fake({
      DescribeVpcs: (_form, nth) =>
        nth === 1 ? { code: 'RequestLimitExceeded', status: 503 } : xml({ vpcSet: [{ vpcId: 'vpc-1' }] }),
    });
    const { state, coverage } = await collectState(labHost(aws.url), options());
    expect(state.vpcs).toEqual({ known: true, value: [{ VpcId: 'vpc-1' }] });
    expect(coverage).toContainEqual({ what: 'ec2:DescribeVpcs', outcome: 'made', count: 1 });
  });

  it('leaves out the part of a denial that nobody can read', async () => {
    const message = `You are not authorized. User: arn:aws:iam::111122223333:user/a Encoded authorization failure message: ${'x'.repeat(900)}`;
    const aws = await fake({ DescribeVpcs: { code: 'UnauthorizedOperation', status: 403, message } });
    const { state } = await collectState(labHost(aws.url), options());
    expect(state.vpcs).toMatchObject({
      detail: 'UnauthorizedOperation: You are not authorized. User: arn:aws:iam::111122223333:user/a',
    });
  });
});

describe('what the network does', () => {
  it('is unreachable behind a closed port, at once', async () => {
    const closed = await startClosedPort();
    stops.push(closed.stop);
    const started = performance.now();
    const { state, coverage } = await collectState(labHost(`http://127.0.0.1:${closed.tcpPort}`), options());
    expect(reasons(state)).toEqual(['unreachable', 'known']);
    expect(state.vpcs).toMatchObject({ why: 'unreachable', detail: expect.stringContaining('ECONNREFUSED') });
    // Nobody named a service, so there is nothing to ask for.
    expect(state.endpointServices).toEqual({ known: true, value: [] });
    expect(coverage.every((entry) => entry.outcome === 'refused')).toBe(true);
    expect(performance.now() - started).toBeLessThan(4_000);
  });

  it('asks once, not twice after each other, when the client’s VPC must be found first', async () => {
    const closed = await startClosedPort();
    stops.push(closed.stop);
    const { state, coverage } = await collectState(
      labHost(`http://127.0.0.1:${closed.tcpPort}`),
      options({ vpcId: undefined }),
    );
    expect(reasons(state)).toEqual(['unreachable', 'known']);
    expect(coverage.filter((entry) => entry.what === 'ec2:DescribeSubnets')).toEqual([
      {
        what: 'ec2:DescribeSubnets',
        outcome: 'skipped',
        count: 0,
        why: "unreachable: the call for the client's interface met this first",
      },
    ]);
  });

  it('times out where packets vanish', async () => {
    const hole = await startBlackHole();
    stops.push(hole.stop);
    const { state } = await collectState(labHost(`http://127.0.0.1:${hole.tcpPort}`), options({ durations: SHORT }));
    expect(reasons(state)).toEqual(['timeout', 'known']);
  });

  it('times out where a connection opens and no answer comes, within the time of a call', async () => {
    const aws = await fake({ DescribeVpcs: 'silence', GetCallerIdentity: 'silence' });
    const started = performance.now();
    const { state, accountId, coverage } = await collectState(labHost(aws.url), options({ durations: SHORT }));
    const took = performance.now() - started;
    expect(state.vpcs).toMatchObject({ known: false, why: 'timeout' });
    expect(state.subnets.known).toBe(true);
    expect(accountId).toBeUndefined();
    expect(coverage.at(-1)).toMatchObject({ what: 'sts:GetCallerIdentity', outcome: 'refused' });
    expect(took).toBeGreaterThan(SHORT.apiAttempt - 20);
    expect(took).toBeLessThan(SHORT.apiCall + 1_500);
  });

  it('keeps what it has when the run ends', async () => {
    const aws = await fake({
      DescribeVpcs: 'silence',
      DescribeSubnets: xml({ subnetSet: [{ subnetId: 'subnet-1' }] }),
    });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 500);
    const started = performance.now();
    const { state } = await collectState(labHost(aws.url), options({ signal: controller.signal }));
    expect(performance.now() - started).toBeLessThan(2_500);
    expect(state.vpcs).toEqual({ known: false, why: 'timeout', detail: 'the run ended before the answer came' });
    expect(state.subnets).toEqual({ known: true, value: [{ SubnetId: 'subnet-1' }] });
  });

  it('asks nothing when the run is over already', async () => {
    const aws = await fake({});
    const { state, coverage } = await collectState(labHost(aws.url), options({ signal: AbortSignal.abort() }));
    expect(new Set(SLICE_NAMES.map((name) => (state[name].known ? 'known' : state[name].why)))).toEqual(
      new Set(['timeout']),
    );
    expect([aws.asked, coverage]).toEqual([[], []]);
  });
});

describe('refusalOf', () => {
  const error = (fields: object) => Object.assign(new Error('words: AccessDenied ECONNREFUSED'), fields);
  it.each([
    // The SDK calls a refused connection a TimeoutError and keeps the code.
    [{ name: 'TimeoutError', code: 'ECONNREFUSED' }, 'unreachable'],
    [{ name: 'TimeoutError' }, 'timeout'],
    [{ name: 'TimeoutError', code: 'ETIMEDOUT' }, 'timeout'],
    [{ name: 'AbortError' }, 'timeout'],
    [{ code: 'ENOTFOUND' }, 'unreachable'],
    [{ code: 'EHOSTUNREACH' }, 'unreachable'],
    [{ name: 'AggregateError', errors: [{ code: 'ENETUNREACH' }] }, 'unreachable'],
    [{ code: 'SELF_SIGNED_CERT_IN_CHAIN' }, 'unreachable'],
    [{ name: 'CredentialsProviderError' }, 'no-credentials'],
    [{}, 'failed'],
    [{ name: 'toString' }, 'failed'],
  ])('%j is %s, whatever the words say', (fields, why) => {
    expect(refusalOf(error(fields)).why).toBe(why);
  });

  it.each([undefined, null, 'text', 7])('takes anything that is thrown: %s', (thrown) => {
    expect(refusalOf(thrown).why).toBe('failed');
  });
});
