import { absent, defineCheck, found, NOT_APPLICABLE } from '../check.ts';
import { clockOffset, durationWords, refusedByClock } from '../host/clock.ts';
import { list } from '../path/blocked-gates.ts';
import { notTerraforms } from '../terraform.ts';
import {
  becauseOf,
  chainWords,
  datesOf,
  expectedSigner,
  extentOf,
  presentedTo,
  signedByStranger,
  standsBetween,
} from './presented.ts';

export const certificateExpired = defineCheck({
  code: 'certificate-expired',
  title: 'The certificate is expired, or not yet valid',
  layer: 'tls',
  needs: [],
  documentation: {
    meaning:
      'TCP opens and a certificate comes back, but today is not between its dates. AWS renews the certificates of its own services long before they expire, so for these the clock of this machine is the first suspect; for a service that a partner runs behind PrivateLink, the renewal was forgotten.',
    confirm:
      'openssl s_client -connect <address>:443 -servername <host> | openssl x509 -noout -dates, beside date -u on this machine.',
    remedy: 'Whoever runs the service renews the certificate and reloads it on every target of the load balancer.',
    notWhen:
      'When another clock shows that this machine’s time is wrong, and the certificate is in date by that clock, the cause is clock-skew.',
    sources: [
      'https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html',
      'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/set-time.html',
    ],
  },
  evaluate: ({ target, vantage, evidence }) => {
    const shown = presentedTo(target, evidence);
    if (shown.length === 0) return NOT_APPLICABLE;
    const offset = clockOffset(vantage, evidence);
    const outdated = shown.filter(
      (one) =>
        (one.outcome === 'expired' || one.outcome === 'not-yet-valid') &&
        // Whose certificate it is comes before its dates.
        !(signedByStranger(one, target) && standsBetween(one, target, vantage, [])),
    );
    const own = outdated.filter((one) => !refusedByClock(one, vantage, offset));
    const [first] = own;
    if (first === undefined) return outdated.length > 0 ? NOT_APPLICABLE : absent('the certificates are in date');
    const leaf = first.detail.chain[0];
    const dates =
      first.outcome === 'expired'
        ? `expired (valid until ${leaf?.validTo ?? '?'})`
        : `not valid yet (from ${leaf?.validFrom ?? '?'})`;
    const clock =
      offset === undefined
        ? 'No other clock was seen: compare this machine’s with a right one first.'
        : `This machine’s clock is not the reason: by ${offset.witness} it is ${Math.abs(offset.ms) < 60_000 ? 'right' : `off by ${durationWords(offset.ms)} only`}.`;
    return found([
      {
        key: leaf?.fingerprint256 ?? target.id,
        resources: [target.host ?? target.id],
        extent: extentOf(own, shown, evidence),
        summary: `The certificate at ${list(own.map((one) => one.subject.address))} for ${target.host ?? target.id} is ${dates}. ${clock}`,
        because: becauseOf(own, (one) => `${chainWords(one.detail.chain)}, ${datesOf(one)}`),
        predicts: (one) => (one.rung === 'tls' && own.includes(one) ? 'agrees' : undefined),
        facts: {
          host: target.host ?? target.id,
          own: expectedSigner(target) === 'any',
          checkedClock: offset !== undefined,
        },
      },
    ]);
  },
  fix: ({ host, own, checkedClock }) => ({
    summary: `${checkedClock ? '' : 'Check this machine’s clock. If it is right, '}${checkedClock ? 'Have' : 'have'} the certificate of ${host} renewed by ${own ? 'the provider of the service' : 'its owner; for a service of AWS, open a support case'}.`,
    commands: checkedClock ? [] : ['sudo chronyc tracking'],
    undo: [],
    terraform: notTerraforms('the certificate is its owner’s to renew.'),
    owner: 'service provider',
    unprovable: 'certificates are not part of the model; run vpce-doctor again after the renewal',
  }),
  demonstration: {
    inject: (world) => {
      world.endpointCertificates = {
        ...world.endpointCertificates,
        [`com.amazonaws.${world.region}.secretsmanager`]: { validFromDays: -100, validToDays: -10 },
      };
    },
  },
});
