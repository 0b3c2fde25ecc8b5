import type { Observation, TlsObservation } from '../../model/observation.ts';
import type { TrustStore, Vantage } from '../../model/vantage.ts';
import { shortName } from '../../services/amazon-trust.ts';
import { absent, defineCheck, found, NOT_APPLICABLE } from '../check.ts';
import { list } from '../path/blocked-gates.ts';
import { notTerraforms } from '../terraform.ts';
import {
  becauseOf,
  chainWords,
  expectedSigner,
  extentOf,
  presentedTo,
  signedByAmazon,
  storesLackAmazon,
} from './presented.ts';

export const caBundleMissing = defineCheck({
  code: 'ca-bundle-missing',
  title: 'The trust store lacks the root that signs the genuine certificate',
  layer: 'tls',
  needs: [],
  documentation: {
    meaning:
      'The service’s own certificate comes back, and programs on this machine refuse it (“certificate signed by unknown authority”, “unable to get local issuer certificate”) because the file that they take their roots from is missing, is empty, or holds other authorities only: a minimal container image, a hardened host, or AWS_CA_BUNDLE and its like naming a bundle with nothing but the company’s own root. A partner’s service with a private authority looks the same until its root is installed.',
    confirm:
      'openssl verify -CAfile /etc/ssl/certs/ca-certificates.crt on the certificate that openssl s_client shows; env | grep -E "CA_BUNDLE|SSL_CERT".',
    remedy:
      'Install or repair the package ca-certificates (in an image: copy the bundle from the build stage); let variables that replace the system’s store name a bundle that holds the public roots as well as the company’s. AWS services need Amazon Root CA 1 to 4 and Starfield Services Root Certificate Authority - G2.',
    notWhen:
      'When the certificate is not the service’s own, the root that is missing is a middlebox’s, and the cause is tls-intercepted. Java, Python’s certifi, the AWS CLI version 2 and Node bring roots of their own and do not read the system’s file.',
    sources: [
      'https://www.amazontrust.com/repository',
      'https://docs.aws.amazon.com/sdkref/latest/guide/feature-gen-config.html',
      'https://aws.amazon.com/blogs/security/how-to-prepare-for-aws-move-to-its-own-certificate-authority/',
    ],
  },
  evaluate: ({ target, vantage, evidence }) => {
    const shown = presentedTo(target, evidence);
    if (shown.length === 0) return NOT_APPLICABLE;
    const refused = shown.filter(
      (one) => one.outcome === 'untrusted' && isGenuine(one, vantage, expectedSigner(target)),
    );
    const genuine = shown.filter((one) => one.outcome !== 'untrusted' && signedByAmazon(one));
    if (refused.length > 0)
      return found([refusedFinding(refused, extentOf(refused, shown, evidence), target.host ?? target.id, vantage)]);
    const stores = vantage.trustStores ?? [];
    // Trust that a middlebox needs is another matter, and a store says nothing of a chain that needs no root of Amazon's.
    if (genuine.length === 0 || stores.length === 0) return NOT_APPLICABLE;
    // A system without a file is none the poorer where a variable names a store that will do.
    const served = stores.some((store) => store.source === 'SSL_CERT_FILE' && store.amazonRoots.length > 0);
    const lacking = stores.filter(
      (store) => lacksAmazon(store) && !(served && store.source === 'system' && store.problem === 'not-readable'),
    );
    const holding = stores.filter((store) => store.amazonRoots.length > 0).map((store) => store.path);
    if (lacking.length === 0)
      return holding.length === 0
        ? NOT_APPLICABLE
        : absent(`${list(holding)} ${holding.length === 1 ? 'holds' : 'hold'} Amazon’s roots`);
    return found(lacking.map((store) => storeFinding(store, genuine)));
  },
  fix: (facts) => {
    const common = {
      owner: 'host owner' as const,
      terraform: notTerraforms('trust stores are files of this host or of the container image.'),
      unprovable: 'trust stores are not part of the model; run vpce-doctor again, or the program that failed',
    };
    if (facts.kind === 'private')
      return {
        ...common,
        summary: `Get the root certificate of “${facts.root}” from whoever runs the service, and install it for the programs that call it; if nobody there knows it, a middlebox answers.`,
        commands: [],
        undo: [],
        caution: 'Take the root from its owner, never from the connection itself.',
      };
    if (facts.store !== undefined && facts.store.source !== 'system')
      return {
        ...common,
        summary: `Let ${facts.store.source} name a bundle that holds the public roots too, or unset it: ${facts.store.path} ${storeProblem(facts.store)}.`,
        ...settingCommands(facts.store),
        caution: 'Where a proxy’s root is in that bundle for a reason, append the public roots to it instead.',
      };
    return {
      ...common,
      summary:
        'Install or rebuild the system’s bundle of root certificates (package ca-certificates); in a container image, copy it from the build stage.',
      commands: ['sudo dnf reinstall ca-certificates', 'sudo update-ca-trust extract'],
      undo: [],
      caution: 'On Debian and Ubuntu: apt-get install --reinstall ca-certificates, then update-ca-certificates.',
    };
  },
  demonstration: {
    inject: (world) => {
      world.client.trustStore = 'without-amazon';
    },
  },
});

type Facts = { readonly kind: 'store' | 'private'; readonly root: string; readonly store?: TrustStore | undefined };

/**
 * Amazon's by its names while a store of this machine lacks Amazon's roots; or of a service whose authority may be private,
 * where the names on the chain are nobody's to judge.
 */
function isGenuine(one: TlsObservation, vantage: Vantage, expected: ReturnType<typeof expectedSigner>): boolean {
  if (!signedByAmazon(one)) return expected === 'any';
  return expected === 'any' || vantage.trustStores === undefined || storesLackAmazon(vantage);
}

/** A store that cannot vouch for Amazon. What Python's requests are pointed at may be a folder, which no file reader can tell. */
function lacksAmazon(store: TrustStore): boolean {
  if (store.source === 'REQUESTS_CA_BUNDLE' && store.problem === 'not-readable') return false;
  return store.amazonRoots.length === 0 && store.source !== 'NODE_EXTRA_CA_CERTS';
}

function storeProblem({ problem, certificates }: TrustStore): string {
  if (problem === 'not-readable') return 'cannot be read';
  if (problem === 'no-certificates') return 'holds no certificate';
  return `holds ${certificates} certificate${certificates === 1 ? '' : 's'}, and none of Amazon’s roots`;
}

/** A variable is gone with its shell's; the profile's setting is a line of a file, which only its owner can find. */
function settingCommands({ source, path }: TrustStore): { commands: string[]; undo: string[] } {
  if (source === 'ca_bundle') return { commands: ['aws configure get ca_bundle'], undo: [] };
  return { commands: [`unset ${source}`], undo: [`export ${source}=${path}`] };
}

/** This run itself was refused: the roots that it was started with lack the chain's. */
function refusedFinding(refused: readonly TlsObservation[], extent: 'all' | 'some', host: string, vantage: Vantage) {
  const first = refused[0];
  const amazon = first !== undefined && signedByAmazon(first);
  const last = first?.detail.chain.at(-1);
  const root = last === undefined ? '?' : shortName(last.issuer);
  const store = amazon ? vantage.trustStores?.find(lacksAmazon) : undefined;
  const at = `${list(refused.map((one) => one.subject.address))} ${refused.length === 1 ? 'presents' : 'present'}`;
  const facts: Facts = { kind: amazon ? 'store' : 'private', root, store };
  return {
    key: amazon ? 'amazon' : root,
    resources: [store?.path ?? host],
    extent,
    summary: amazon
      ? `${at} the genuine certificate for ${host}, signed by Amazon, and it is refused${store === undefined ? ': the roots that this machine trusts lack Amazon’s' : `: ${store.path} ${storeProblem(store)}`}.`
      : `${at} a certificate for ${host} that leads to “${root}”, which is not among the roots that this machine trusts: a private authority, whose root is not installed here.`,
    because: [
      ...becauseOf(
        refused,
        (one) => `${chainWords(one.detail.chain)}: ${one.detail.authorizationError ?? 'not trusted'}`,
      ),
      ...(store === undefined ? [] : [storeEvidence(store)]),
    ],
    predicts: (one: Observation) =>
      (one.rung === 'tls' && refused.includes(one)) || (one.rung === 'https' && one.outcome === 'tls-failed')
        ? ('agrees' as const)
        : undefined,
    facts,
  };
}

/**
 * This run has roots of its own and got through; programs that take theirs from the store do not. A system's file that is at
 * none of its usual places may be at another, and nothing was seen to fail: that is advice, no more.
 */
function storeFinding(store: TrustStore, genuine: readonly TlsObservation[]) {
  const sure = store.problem !== 'not-readable' || store.source !== 'system';
  const who =
    store.source === 'system' ? 'programs that take their roots from the system' : `programs that heed ${store.source}`;
  const facts: Facts = { kind: 'store', root: 'Amazon', store };
  return {
    key: store.path,
    resources: [store.path],
    extent: sure ? ('some' as const) : ('none' as const),
    summary: sure
      ? `${store.path}${store.source === 'system' ? '' : ` (${store.source})`} ${storeProblem(store)}: ${who} refuse the genuine certificate, which this run accepted with Node’s own roots.`
      : `No bundle of root certificates was found where ${who} look for it (${store.path} and its like): if there is none, they refuse every certificate.`,
    because: [storeEvidence(store)],
    predicts: (one: Observation) => (one.rung === 'tls' && genuine.includes(one) ? ('agrees' as const) : undefined),
    facts,
  };
}

function storeEvidence(store: TrustStore) {
  return {
    source: 'host' as const,
    text: `${store.path} (${store.source}) ${storeProblem(store)}`,
    ref: store.path,
  };
}
