import type { TlsObservation } from '../../model/observation.ts';
import { chooseEndpoint, isVpceName, privateNames } from '../../network/endpoints.ts';
import { absent, defineCheck, found, NOT_APPLICABLE } from '../check.ts';
import { list } from '../path/blocked-gates.ts';
import { comment, hcl, notTerraforms, resource } from '../terraform.ts';

export const tlsNameMismatch = defineCheck({
  code: 'tls-name-mismatch',
  title: 'The certificate does not cover the name that the client uses',
  layer: 'tls',
  needs: ['vpcEndpoints'],
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
  evaluate: ({ state, client, target, evidence }) => {
    const host = target.host;
    if (host === undefined) return NOT_APPLICABLE;
    const shaken = evidence.all.filter(
      // Only where the name leads: an endpoint that the name does not lead to need not have it on its certificate.
      (one): one is TlsObservation =>
        one.rung === 'tls' && one.detail.chain.length > 0 && evidence.addresses.includes(one.subject.address),
    );
    if (shaken.length === 0) return NOT_APPLICABLE;
    const wrong = shaken.filter((one) => one.outcome === 'name-mismatch');
    if (wrong.length === 0)
      return absent(
        `the certificate for ${shaken[0]?.detail.chain[0]?.subjectAlternativeNames.slice(0, 2).join(', ') || 'the name'} covers ${host}`,
      );
    const names = wrong[0]?.detail.chain[0]?.subjectAlternativeNames ?? [];
    const choice = state.vpcEndpoints.known ? chooseEndpoint(state, client.vpcId, target) : undefined;
    const better =
      choice === undefined
        ? undefined
        : privateNames(choice.endpoints[0]).find((name) => !name.startsWith('*.') && names.includes(name));
    const shown = names.length > 4 ? `${names.slice(0, 4).join(', ')} and ${names.length - 4} more` : list(names);
    return found([
      {
        key: host,
        resources: [host, ...(choice === undefined ? [] : [choice.endpoints[0].VpcEndpointId])],
        extent: wrong.length === shaken.length ? 'all' : 'some',
        summary: `${list(wrong.map((one) => one.subject.address))} presents a certificate for ${shown}, which does not cover ${host}.`,
        because: wrong.map((one) => ({
          source: 'probe' as const,
          text: `certificate subject ${one.detail.chain[0]?.subject ?? '?'}, issued by ${one.detail.chain[0]?.issuer ?? '?'}`,
          ref: one.id,
        })),
        predicts: (observation) =>
          observation.rung === 'tls' && observation.subject.serverName.toLowerCase() === host.toLowerCase()
            ? observation.outcome === 'name-mismatch'
              ? 'agrees'
              : undefined
            : undefined,
        facts: {
          host,
          better: better ?? names.find((name) => !name.startsWith('*.')),
          vpce: isVpceName(host),
          endpointId: choice?.endpoints[0].VpcEndpointId,
          privateDns: choice?.endpoints[0].PrivateDnsEnabled === true,
        },
      },
    ]);
  },
  fix: ({ host, better, vpce, endpointId, privateDns }) => ({
    summary: `Call ${better ?? 'a name that the certificate has'} instead of ${host}.${vpce && !privateDns && endpointId !== undefined ? ` Switch private DNS on for ${endpointId} so that this name leads to it.` : ''}`,
    commands:
      vpce && !privateDns && endpointId !== undefined
        ? [`aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${endpointId} --private-dns-enabled`]
        : better === undefined
          ? []
          : [`curl -sS -o /dev/null -w '%{http_code}\\n' https://${better}/`],
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
