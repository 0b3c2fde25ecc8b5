import type { VpcEndpoint } from '../../model/aws.ts';
import { isVpceName, namesCover, privateNames } from '../../network/endpoints.ts';
import { absent, defineCheck, found, NOT_APPLICABLE } from '../check.ts';
import { ENDPOINT_NAME_SLICES, nameGoal } from '../dns/names.ts';
import { list } from '../path/blocked-gates.ts';
import { comment, hcl, notTerraforms, resource } from '../terraform.ts';
import {
  becauseOf,
  chainWords,
  extentOf,
  lacksName,
  namesAnotherService,
  presentedTo,
  servicesNamedBy,
  signedByStranger,
  standsBetween,
} from './presented.ts';

export const tlsNameMismatch = defineCheck({
  code: 'tls-name-mismatch',
  title: 'The certificate does not cover the name that the client uses',
  layer: 'tls',
  needs: ENDPOINT_NAME_SLICES,
  documentation: {
    meaning:
      'TCP and TLS work, but the certificate that comes back does not list the name that was asked for. Most often the client calls an endpoint by its vpce-… name and the service’s certificate has only the service’s own names; or a record leads the name to another service’s endpoint.',
    confirm:
      'openssl s_client -connect <address>:443 -servername <host> and look at the certificate’s subject alternative names.',
    remedy:
      'Call the service by a name that its certificate has (with private DNS on, the service’s ordinary name works), or correct the record that leads the name here.',
    notWhen: 'S3, DynamoDB and many others do carry their vpce names on the certificate: then the vpce name is fine.',
    sources: ['https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html'],
  },
  evaluate: ({ state, client, target, vantage, evidence }) => {
    const host = target.host;
    if (host === undefined) return NOT_APPLICABLE;
    const goal = nameGoal(state, client, target);
    const own = goal.addresses ?? [];
    // Only where the name leads or should lead: an endpoint without this name need not have it on its certificate.
    const ways = goal.choice?.way === 'named' || goal.choice?.way === 'private-dns' ? own : [];
    const shaken = presentedTo(target, evidence).filter(({ subject }) =>
      [...evidence.addresses, ...ways].includes(subject.address),
    );
    if (shaken.length === 0) return NOT_APPLICABLE;
    // A certificate of another service's, or a middlebox's, is that cause's to tell: no other name would help.
    const wrong = shaken.filter(
      (one) =>
        lacksName(one, host) &&
        !(target.serviceId !== undefined && namesAnotherService(one, target.serviceId)) &&
        !(signedByStranger(one, target) && standsBetween(one, target, vantage, own)),
    );
    if (wrong.length === 0)
      return shaken.every((one) => namesCover(one.detail.chain[0]?.subjectAlternativeNames ?? [], host))
        ? absent(`the certificate covers ${host}`)
        : NOT_APPLICABLE;
    const names = wrong[0]?.detail.chain[0]?.subjectAlternativeNames ?? [];
    const { choice } = goal;
    const better = nameToUse(host, names, choice?.endpoints[0], target.serviceId);
    const shown = names.length > 4 ? `${names.slice(0, 4).join(', ')} and ${names.length - 4} more` : list(names);
    const dotted = isDottedBucket(host, names);
    return found([
      {
        key: host,
        resources: [host, ...(choice === undefined ? [] : [choice.endpoints[0].VpcEndpointId])],
        extent: extentOf(wrong, shaken, evidence),
        summary: `${list(wrong.map((one) => one.subject.address))} ${wrong.length === 1 ? 'presents' : 'present'} a certificate for ${shown}, which does not cover ${host}.${dotted ? ' A wildcard stands for one label only, and this bucket’s name has dots.' : ''}`,
        because: becauseOf(wrong, (one) => chainWords(one.detail.chain)),
        predicts: (observation) => (observation.rung === 'tls' && wrong.includes(observation) ? 'agrees' : undefined),
        facts: {
          host,
          better,
          names: names.slice(0, 4),
          vpce: isVpceName(host),
          endpointId: choice?.endpoints[0].VpcEndpointId,
          privateDns: choice?.endpoints[0].PrivateDnsEnabled === true,
        },
      },
    ]);
  },
  fix: ({ host, better, names, vpce, endpointId, privateDns }) => ({
    summary: `Call ${better?.words ?? `a name that the certificate has (${list(names)})`} instead of ${host}.${vpce && !privateDns && endpointId !== undefined ? ` Switch private DNS on for ${endpointId} so that this name leads to it.` : ''}`,
    commands:
      vpce && !privateDns && endpointId !== undefined
        ? [`aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${endpointId} --private-dns-enabled`]
        : better === undefined
          ? []
          : [`curl -sS -o /dev/null -w '%{http_code}\\n' https://${better.url}`],
    undo: [],
    owner: 'application owner',
    terraform:
      vpce && !privateDns && endpointId !== undefined
        ? hcl(
            resource('aws_vpc_endpoint_private_dns', endpointId, {
              vpc_endpoint_id: endpointId,
              private_dns_enabled: true,
            }),
            comment('The name itself is a setting of the application. Undo: private_dns_enabled = false.'),
          )
        : notTerraforms('which name is called is a setting of the application.'),
    unprovable:
      'which name the application calls is not part of the model; run vpce-doctor on the other name to see that it opens',
  }),
  demonstration: {
    targets: ['vpce-5ec00001-a1b2c3d4.secretsmanager.eu-west-1.vpce.amazonaws.com'],
    inject: (world) => {
      world.endpointCertificateNames[`com.amazonaws.${world.region}.secretsmanager`] = [
        `secretsmanager.${world.region}.amazonaws.com`,
      ];
    },
  },
});

type Better = { readonly words: string; readonly url: string };

/**
 * The name to call instead: one that the endpoint and the certificate both have, else the service's own on the certificate.
 * @param names what the certificate covers
 */
function nameToUse(
  host: string,
  names: readonly string[],
  endpoint: VpcEndpoint | undefined,
  serviceId: string | undefined,
): Better | undefined {
  const plain = (name: string): Better => ({ words: name, url: `${name}/` });
  // Path style needs no wildcard: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
  const base = dottedBase(host, names);
  if (base !== undefined) {
    const bucket = host.slice(0, -base.length - 1);
    return { words: `https://${base}/${bucket} (path style)`, url: `${base}/${bucket}` };
  }
  const own = endpoint === undefined ? [] : privateNames(endpoint);
  const vpce = (endpoint?.DnsEntries ?? []).flatMap(({ DnsName }) => DnsName ?? []).filter(isVpceName);
  const candidates = [...own, ...names, ...vpce].filter(
    (name) => !name.startsWith('*.') && name.toLowerCase() !== host.toLowerCase() && namesCover(names, name),
  );
  const sameService = (name: string) => serviceId === undefined || servicesNamedBy([name]).includes(serviceId);
  const best = candidates.find(sameService) ?? candidates.find((name) => own.includes(name));
  return best === undefined ? undefined : plain(best);
}

function isDottedBucket(host: string, names: readonly string[]): boolean {
  return dottedBase(host, names) !== undefined;
}

/** `s3.eu-west-1.amazonaws.com` for `my.bucket.s3.eu-west-1.amazonaws.com`, when the certificate has it and its wildcard. */
function dottedBase(host: string, names: readonly string[]): string | undefined {
  const name = host.toLowerCase();
  return names.find(
    (base) =>
      names.includes(`*.${base}`) &&
      name.endsWith(`.${base}`) &&
      name.slice(0, -base.length - 1).includes('.') &&
      servicesNamedBy([base]).includes('s3'),
  );
}
