import type { AccessObservation, HttpsObservation, Observation, TlsObservation } from '../../model/observation.ts';
import type { State } from '../../model/state.ts';
import { allAddresses } from '../../network/destinations.ts';
import { byId } from '../../network/index-by-id.ts';
import { absent, defineCheck, found, NOT_APPLICABLE } from '../check.ts';
import { ENDPOINT_NAME_SLICES, nameGoal } from '../dns/names.ts';
import { list } from '../path/blocked-gates.ts';
import { comment, notTerraforms } from '../terraform.ts';
import { becauseOf, extentOf, namesAnotherService, presentedTo, servicesNamedBy } from './presented.ts';

export const wrongServiceAnswers = defineCheck({
  code: 'wrong-service-answers',
  title: 'Another AWS service answers than the one that is called',
  layer: 'tls',
  needs: ENDPOINT_NAME_SLICES,
  // A record that leads to another service's endpoint is the cause then; this is how it shows.
  consequence: true,
  documentation: {
    meaning:
      'DNS, TCP and TLS work, but what answers is an AWS service of another name: its certificate lists the other service’s hosts, or its answer bears the other service’s signature. Usually a record of one’s own leads the name to the endpoint of a service with a similar name (codedeploy for codedeploy-commands-secure, acm-pca for acm, bedrock for bedrock-runtime). telnet to port 443 succeeds all the while.',
    confirm:
      'openssl s_client -connect <address>:443 -servername <host> and read the subject alternative names; aws ec2 describe-network-interfaces --filters Name=addresses.private-ip-address,Values=<address> tells whose interface it is.',
    remedy:
      'Lead the name to the right endpoint: delete or correct the record (private hosted zone, hosts file, resolver rule), and create the endpoint of the service that is really called.',
    notWhen:
      'UnknownOperationException with a request id alone is what several services say to an unsigned request, and means something only for one that was signed (--signed); a shared certificate may list several services as long as the right one is among them.',
    sources: [
      'https://docs.aws.amazon.com/codedeploy/latest/userguide/vpc-endpoints.html',
      'https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html',
    ],
  },
  evaluate: ({ state, client, target, evidence }) => {
    const goal = nameGoal(state, client, target);
    const host = target.host;
    const service = target.serviceId;
    if (host === undefined || service === undefined) return NOT_APPLICABLE;
    const shown = presentedTo(target, evidence);
    if (shown.length === 0) return NOT_APPLICABLE;
    const strangers = shown.filter((one) => namesAnotherService(one, service));
    const answers = shown.flatMap((one) =>
      evidence.https(one.subject.address).filter((answer) => signatureOf(answer, service) !== undefined),
    );
    const unknowing = shown.flatMap((one) => evidence.access(one.subject.address).filter(doesNotKnow));
    const [first] = [...strangers, ...answers, ...unknowing];
    if (first === undefined)
      return shown.every((one) => one.outcome === 'trusted')
        ? absent('the certificates are the service’s own')
        : NOT_APPLICABLE;
    const other =
      first.rung === 'tls'
        ? servicesOf(first)[0]
        : first.rung === 'https'
          ? signatureOf(first, service)
          : (scopeTold(first) ?? 'a service that does not take what is signed for this one');
    const at = [...new Set([...strangers, ...answers, ...unknowing].map((one) => one.subject.address))];
    const owner = at.map((address) => ownerOf(state, address)).find((id) => id !== undefined);
    const own = at.every((address) => goal.addresses?.includes(address) === true);
    const places = `${list(at)}${owner === undefined ? '' : `, ${at.length === 1 ? 'an interface' : 'interfaces'} of ${owner}`}`;
    const led = at.some((address) => evidence.addresses.includes(address));
    return found([
      {
        key: `${host} ${other}`,
        resources: [host, ...(owner === undefined ? [] : [owner])],
        extent: extentOf(
          shown.filter((one) => at.includes(one.subject.address)),
          shown,
          evidence,
        ),
        summary: `${led ? `${host} leads to ${places}` : `${host} should lead to ${places}`}, and what answers there is ${other}, not ${service}.`,
        because: [
          ...becauseOf(
            strangers,
            (one) => `the certificate is for ${list(one.detail.chain[0]?.subjectAlternativeNames.slice(0, 4) ?? [])}`,
          ),
          ...becauseOf(
            answers,
            (one) =>
              `HTTP ${one.detail.status ?? '?'} with ${one.detail.server === undefined ? `the words “${one.detail.body?.trim().slice(0, 60)}”` : `Server: ${one.detail.server}`}`,
          ),
          ...becauseOf(
            unknowing,
            (one) =>
              `to a signed ${one.subject.action}: ${one.detail.denial?.text ?? one.detail.errorType ?? `HTTP ${one.detail.status ?? '?'}`}`,
          ),
        ],
        predicts: (one: Observation) =>
          (one.rung === 'tls' && strangers.includes(one)) ||
          (one.rung === 'https' && answers.includes(one)) ||
          (one.rung === 'access' && unknowing.includes(one))
            ? 'agrees'
            : undefined,
        facts: { host, service, other: other ?? '?', addresses: at, own },
      },
    ]);
  },
  fix: ({ host, service, other, addresses, own }) => ({
    summary: own
      ? `Find out what stands between this machine and ${list(addresses)}: the interface belongs to the endpoint of ${service}, and ${other} answers.`
      : `Correct the record that leads ${host} to ${list(addresses)}, where ${other} answers; it has to give the addresses of an endpoint for ${service}.`,
    commands: [
      `aws ec2 describe-network-interfaces --filters Name=addresses.private-ip-address,Values=${addresses.join(',')}`,
    ],
    undo: [],
    terraform: own
      ? notTerraforms('the endpoint is as it should be, and what answers in its place has to be found first.')
      : comment(
          `The aws_route53_record of ${host}, where there is one, has to name an endpoint for ${service}; which zone or file it is in is not known.`,
        ),
    owner: own ? 'network owner' : 'DNS owner',
    unprovable: `who answers behind an address is not part of the model; run vpce-doctor again ${own ? 'to see who answers then' : 'when the record is right'}`,
  }),
  demonstration: {
    inject: (world) => {
      world.endpointAnswersAs = { ...world.endpointAnswersAs, [`com.amazonaws.${world.region}.secretsmanager`]: 'kms' };
    },
  },
});

function servicesOf({ detail }: TlsObservation): string[] {
  return servicesNamedBy(detail.chain[0]?.subjectAlternativeNames ?? []);
}

/**
 * The service whose own Server header an answer bears, when that is not the one that was called (facts.md section 10). Other
 * services have none: an operation that is not known, or a missing signature, is what many say.
 */
function signatureOf({ outcome, detail }: HttpsObservation, service: string): 's3' | 'ec2' | 'dynamodb' | undefined {
  if (outcome !== 'aws-answer') return undefined;
  // Its answer to GET is on record, and nobody else's (facts.md section 10).
  if (/^healthy: [\w.-]+\.amazonaws\.com(?:\.cn)?\s*$/.test(detail.body ?? '') && !service.startsWith('dynamodb'))
    return 'dynamodb';
  const signature = /^AmazonS3$/i.test(detail.server ?? '')
    ? 's3'
    : /^AmazonEC2$/i.test(detail.server ?? '')
      ? 'ec2'
      : undefined;
  // S3's relatives (s3express, s3-outposts, s3-global.accesspoint) and EC2's (ec2messages) may be served by the same front.
  return signature === undefined || service.startsWith(signature) ? undefined : signature;
}

/**
 * What was asked is an operation that the service has for sure, and signed for it: whoever does not know the one, or finds the other
 * signed for somebody else, is another service (IAM User Guide, signature-v4-troubleshooting: “Credential should be scoped to correct service”).
 */
function doesNotKnow({ outcome, detail }: AccessObservation): boolean {
  if (outcome === 'credentials-rejected') return /\bscoped to correct service\b/i.test(detail.denial?.text ?? '');
  return outcome === 'answered' && /^(?:UnknownOperation(?:Exception)?|InvalidAction)$/.test(detail.errorType ?? '');
}

/** `Credential should be scoped to correct service: 'kms'.` */
function scopeTold({ detail }: AccessObservation): string | undefined {
  return /scoped to correct service: '([a-z0-9-]+)'/i.exec(detail.denial?.text ?? '')?.[1];
}

/** The endpoint that has an interface with this address, where the descriptions tell. */
function ownerOf(state: Pick<State, 'vpcEndpoints' | 'networkInterfaces'>, address: string): string | undefined {
  if (!state.vpcEndpoints.known) return undefined;
  return state.vpcEndpoints.value.find((endpoint) =>
    (endpoint.NetworkInterfaceIds ?? []).some((id) => {
      const one = byId(state.networkInterfaces, 'NetworkInterfaceId', id);
      return one !== undefined && allAddresses(one).includes(address);
    }),
  )?.VpcEndpointId;
}
