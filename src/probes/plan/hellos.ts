/** Other ClientHellos, and requests that fill segments: where TCP opens and the handshake stalls, or might for other clients. */
import type { Evidence } from '../../checks/evidence.ts';
import { type Experiment, isDropped, readHellos } from '../../checks/tls/hello-evidence.ts';
import { type HttpsProbe, probeId, type TlsProbe } from '../../model/observation.ts';
import type { Target } from '../../model/target.ts';
import { httpRequestFor } from '../../services/catalogue.ts';

/** The next experiments for all targets. */
export function helloExperiments(
  targets: readonly { readonly target: Target; readonly evidence: Evidence }[],
  defaultHello: 'small' | 'large',
): (TlsProbe | HttpsProbe)[] {
  return targets.flatMap(({ target, evidence }) => experimentsFor(target, evidence, defaultHello));
}

/**
 * All at one of the target's addresses: what stands on the way to one interface of an endpoint stands on the way to each.
 * Nothing where the handshake succeeds, but for one thing: Go, browsers and newer SDKs send a post-quantum hello of two
 * segments, which some firewalls drop (symptoms.md). Where this Node sends a small one, that would stay unseen, so one large
 * hello per target is worth its packets.
 */
function experimentsFor(
  target: Target,
  evidence: Evidence,
  defaultHello: 'small' | 'large',
): (TlsProbe | HttpsProbe)[] {
  const serverName = target.host;
  if (serverName === undefined || target.application === 'tcp') return [];
  const plain = evidence.all.filter((one) => one.rung === 'tls');
  const used = plain.filter((one) => evidence.addresses.includes(one.subject.address));
  const stalled = used.find(isDropped) ?? plain.find(isDropped);
  const chosen = stalled ?? used.find((one) => one.outcome === 'trusted');
  if (chosen === undefined) return [];
  const { address, port } = chosen.subject;
  const reading = readHellos(evidence, target, address, defaultHello);
  if (reading.kind !== 'ask') return [];
  const request = httpRequestFor(target.serviceId, serverName);
  return reading.experiments.map((experiment): TlsProbe | HttpsProbe => {
    const question = { after: [chosen.id], why: whyOf(experiment) };
    if (experiment.rung === 'tls') {
      const subject = { address, port, serverName, hello: experiment.hello };
      return { id: probeId('tls', subject), rung: 'tls', subject, ...question };
    }
    const { rung, ...how } = experiment;
    const subject = { address, port, serverName, method: request.method, path: target.path ?? request.path, ...how };
    return { id: probeId('https', subject), rung, subject, ...question };
  });
}

function whyOf(experiment: Experiment): string {
  if (experiment.rung === 'https')
    return experiment.padding === undefined
      ? 'a small hello passes: does a short request, to compare a long one with'
      : 'a large hello is lost: is every segment of full size, or only the hello';
  switch (experiment.hello) {
    case 'small':
      return 'the hello got no answer: a firewall may drop one that fills two segments';
    case 'large':
      return 'other clients send a hello of two segments, which some firewalls drop';
    case 'without-sni':
      return 'every hello with the server name is dropped: does one without it pass';
    case 'unacceptable':
      return 'its answer is a few bytes, an alert or an end: does it come back where the certificates do not';
    case 'plaintext':
      return 'no hello got an answer: does anything at all pass after TCP opened';
  }
}
