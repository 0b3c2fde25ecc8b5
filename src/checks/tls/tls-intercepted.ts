import type { Observation, TlsObservation } from '../../model/observation.ts';
import type { Vantage } from '../../model/vantage.ts';
import { shortName } from '../../services/amazon-trust.ts';
import { absent, defineCheck, found, NOT_APPLICABLE } from '../check.ts';
import { ENDPOINT_NAME_SLICES, nameGoal } from '../dns/names.ts';
import type { Evidence } from '../evidence.ts';
import { list } from '../path/blocked-gates.ts';
import { comment } from '../terraform.ts';
import {
  becauseOf,
  chainWords,
  expectedSigner,
  extentOf,
  presentedTo,
  signedByAmazon,
  signedByStranger,
  signerName,
  standsBetween,
  storesLackAmazon,
} from './presented.ts';

export const tlsIntercepted = defineCheck({
  code: 'tls-intercepted',
  title: 'A middlebox answers TLS with a certificate of its own',
  layer: 'tls',
  needs: ENDPOINT_NAME_SLICES,
  documentation: {
    meaning:
      'The certificate that comes back for an AWS name is not signed by Amazon, but by somebody in between: a TLS-inspecting firewall, a transparent proxy, a security agent on the host. Programs that do not have the inspector’s root refuse it (“certificate signed by unknown authority”, “self-signed certificate in certificate chain”), and what the service sees comes from the middlebox.',
    confirm:
      'openssl s_client -connect <address>:443 -servername <host> -showcerts: the issuers should be O=Amazon, as on https://www.amazontrust.com/repository.',
    remedy:
      'Exempt the endpoint’s names and addresses from inspection: a connection to an interface endpoint never needs to leave the VPC. Where inspection is wanted, give every program the inspector’s root; system store, Java, Python and Node each have one of their own.',
    notWhen:
      'Services in China, IoT’s older endpoints, custom domain names and partners’ services have certificates of other public or private authorities.',
    sources: [
      'https://www.amazontrust.com/repository',
      'https://docs.aws.amazon.com/network-firewall/latest/developerguide/tls-inspection-configurations.html',
    ],
  },
  evaluate: ({ state, client, target, vantage, evidence }) => {
    const goal = nameGoal(state, client, target);
    const shown = presentedTo(target, evidence);
    if (shown.length === 0 || expectedSigner(target) === 'any') return NOT_APPLICABLE;
    const foreign = shown.filter(
      (one) =>
        (signedByStranger(one, target) || isForged(one, vantage)) &&
        standsBetween(one, target, vantage, goal.addresses ?? []),
    );
    const [first] = foreign;
    if (first === undefined)
      return shown.some(signedByAmazon) ? absent('Amazon’s authority signed the certificates') : NOT_APPLICABLE;
    const host = target.host ?? target.id;
    const refused = foreign.filter((one) => one.outcome !== 'trusted');
    const pages = blockPages(evidence, foreign);
    const failing = foreign.filter(
      (one) => refused.includes(one) || pages.some((page) => page.subject.address === one.subject.address),
    );
    const at = [...new Set(foreign.map((one) => one.subject.address))];
    const behind = at.filter((address) => goal.addresses?.includes(address) === true);
    const endpointId = goal.choice?.endpoints[0].VpcEndpointId;
    const where =
      behind.length > 0 && endpointId !== undefined ? ` Something on the way to ${endpointId} is in between.` : '';
    const known =
      refused.length > 0
        ? 'This machine does not trust it.'
        : pages.length > 0
          ? 'This machine was given its root and trusts it, but what answers is not the service.'
          : 'This machine was given its root, and the requests are passed on; a program without that root refuses them.';
    return found([
      {
        // One middlebox stands before many endpoints.
        key: signerName(first),
        resources: behind.length > 0 && endpointId !== undefined ? [endpointId] : [host],
        // Trusted and passed on, nothing fails today.
        extent: failing.length === 0 ? 'none' : extentOf(failing, shown, evidence),
        summary: `${list(at)} ${at.length === 1 ? 'presents' : 'present'} a certificate for ${host} ${signedWords(first)}. ${known}${where}`,
        because: [
          ...becauseOf(foreign, (one) => chainWords(one.detail.chain)),
          ...becauseOf(pages, (one) => `HTTP ${one.detail.status ?? '?'} without any sign of AWS`),
        ],
        predicts: (one: Observation) => {
          if (one.rung === 'tls') return foreign.includes(one) ? 'agrees' : undefined;
          if (one.rung !== 'https' || !at.includes(one.subject.address)) return undefined;
          return one.outcome === 'tls-failed' || pages.includes(one) ? 'agrees' : undefined;
        },
        facts: {
          host,
          addresses: at,
          root: rootName(first),
          trusted: refused.length === 0,
          inside: behind.length > 0,
        },
      },
    ]);
  },
  fix: ({ host, addresses, root, trusted, inside }) => ({
    summary: `Exempt ${host} (${list(addresses)}) from TLS inspection${inside ? ': this traffic ends at the endpoint inside the VPC' : ''}${trusted ? '.' : `; or, where it is to be inspected, install the root of “${root}” for every program on this machine.`}`,
    commands: trusted ? [] : ['sudo update-ca-trust extract', 'sudo update-ca-certificates'],
    undo: [],
    terraform: comment(
      'Which device intercepts is not known here. Where it is AWS Network Firewall, exempt the host in the scope of its aws_networkfirewall_tls_inspection_configuration. Trust stores are files of this host.',
    ),
    owner: 'network owner',
    caution:
      'Never switch certificate verification off instead: credentials and secrets would go to whoever is in between. The last two commands are for RHEL and for Debian, after the root has been put where each reads it.',
    unprovable: 'the middlebox is not part of the model; run vpce-doctor again to see who answers then',
  }),
  demonstration: {
    inject: (world) => {
      world.tlsInspection = {
        organization: 'Example Corp',
        commonName: 'Example Corp TLS Inspection CA',
        rootInstalled: false,
        answers: 'relayed',
      };
    },
  },
});

/** It calls itself Amazon's and is not trusted, although every store of this machine holds Amazon's roots. */
function isForged(one: TlsObservation, vantage: Vantage): boolean {
  if (one.outcome !== 'untrusted' || !signedByAmazon(one)) return false;
  return vantage.trustStores !== undefined && !storesLackAmazon(vantage);
}

/** Answers without any sign of AWS from where the middlebox stands: its block page, or a captive portal's. */
function blockPages(evidence: Evidence, foreign: readonly TlsObservation[]) {
  return foreign.flatMap((one) => evidence.https(one.subject.address)).filter((one) => one.outcome === 'other-answer');
}

function isSelfSigned({ detail }: TlsObservation): boolean {
  const [leaf] = detail.chain;
  return leaf !== undefined && leaf.subject === leaf.issuer;
}

/** A clause about the certificate. */
function signedWords(one: TlsObservation): string {
  if (isSelfSigned(one)) return 'that signed itself, without any authority of Amazon’s';
  const words = `that “${signerName(one)}” signed`;
  return signedByAmazon(one)
    ? `${words}, which calls itself Amazon’s: no Amazon root that this machine holds vouches for it`
    : `${words}, not Amazon`;
}

function rootName({ detail }: TlsObservation): string {
  const last = detail.chain.at(-1);
  return last === undefined ? '?' : shortName(last.issuer);
}
