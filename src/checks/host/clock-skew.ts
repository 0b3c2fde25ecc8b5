import type { Observation } from '../../model/observation.ts';
import { absent, defineCheck, found, NOT_APPLICABLE } from '../check.ts';
import { notTerraforms } from '../terraform.ts';
import { becauseOf, datesOf, expectedSigner, presentedTo } from '../tls/presented.ts';
import { clockOffset, durationWords, offsetSeen, refusedByClock } from './clock.ts';

const MINUTE = 60_000;

/**
 * How far the time of a signed request may be off: "in most cases, a request must reach AWS within five minutes of the time
 * stamp in the request" (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-signing.html). S3 allows fifteen: its
 * RequestTimeTooSkewed error says MaxAllowedSkewMilliseconds 900000.
 */
const SIGNATURE_LIMIT = { s3: 15 * MINUTE, other: 5 * MINUTE } as const;

/** A machine whose clock is off by this little is in the right. */
const RIGHT = 1 * MINUTE;

export const clockSkew = defineCheck({
  code: 'clock-skew',
  title: 'This machine’s clock is wrong',
  layer: 'host',
  needs: [],
  documentation: {
    meaning:
      'AWS refuses a signed request whose time is more than five minutes off (S3: fifteen), with RequestTimeTooSkewed, SignatureDoesNotMatch, “Signature expired” or a plain AuthFailure, all of which look like bad credentials. A clock that is off by days makes every certificate expired or not yet valid, so that not even TLS succeeds.',
    confirm: 'date -u; then curl -sI https://sts.amazonaws.com/ | grep -i ^date, or chronyc tracking.',
    remedy:
      'Synchronise the clock: chrony with the Amazon Time Sync Service at 169.254.169.123, which needs no internet, no security group rule and no endpoint. A container has the clock of its host: repair it there.',
    notWhen:
      'Most AWS SDKs notice a skew and sign again with the service’s time, so that one tool works while another fails. Below five minutes nothing is refused.',
    sources: [
      'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-signing.html',
      'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/set-time.html',
    ],
  },
  evaluate: ({ target, vantage, evidence }) => {
    const offset = clockOffset(vantage, evidence);
    if (offset === undefined) return NOT_APPLICABLE;
    const refused = presentedTo(target, evidence).filter((one) => refusedByClock(one, vantage, offset));
    // Only AWS's own services take signatures of version 4; anybody else may not mind the time at all.
    const signed = target.application === 'https' && expectedSigner(target) !== 'any';
    const limit = target.serviceId?.startsWith('s3') === true ? SIGNATURE_LIMIT.s3 : SIGNATURE_LIMIT.other;
    const skewed = signed && Math.abs(offset.ms) >= limit;
    if (!skewed && refused.length === 0) {
      return Math.abs(offset.ms) < RIGHT ? absent(`the clock agrees with ${offset.witness}`) : NOT_APPLICABLE;
    }
    const words = `${durationWords(offset.ms)} ${offset.ms > 0 ? 'ahead' : 'behind'}`;
    const effect =
      refused.length > 0
        ? `so that certificates which are in date count as ${refused[0]?.outcome === 'expired' ? 'expired' : 'not yet valid'}`
        : `and a signed request may be ${limit / MINUTE} minutes off at most`;
    const predicts = (one: Observation) => {
      if (one.rung === 'tls') return refused.includes(one) ? ('agrees' as const) : undefined;
      const seen = offsetSeen(one);
      if (seen === undefined) return undefined;
      return Math.abs(seen) >= limit ? 'agrees' : Math.abs(seen) < RIGHT ? 'disproves' : undefined;
    };
    return found([
      {
        key: 'clock',
        resources: vantage.instanceId === undefined ? [] : [vantage.instanceId],
        extent: 'all',
        summary: `This machine’s clock is ${words} of ${offset.witness}, ${effect}.`,
        because: [
          {
            source: 'probe',
            text: `${offset.witness} and this machine’s clock differ by ${durationWords(offset.ms)}`,
            ref: offset.ref,
          },
          ...becauseOf(refused, (one) => `a certificate ${datesOf(one)} was refused as ${one.outcome}`),
        ],
        predicts,
        facts: { words },
      },
    ]);
  },
  fix: ({ words }) => ({
    summary: `Set the clock, which is ${words}, and keep it right with the Amazon Time Sync Service (169.254.169.123).`,
    commands: ['sudo systemctl enable --now chronyd', 'sudo chronyc makestep'],
    undo: [],
    terraform: notTerraforms('the clock is this machine’s.'),
    owner: 'host owner',
    caution:
      'Time that jumps can upset databases and schedulers on this machine; in a container the host’s clock is meant.',
    unprovable: 'the clock is not part of the model; run vpce-doctor again to see that it is right',
  }),
  demonstration: {
    inject: (world) => {
      world.client.clockAheadMs = 12 * MINUTE;
    },
  },
});
