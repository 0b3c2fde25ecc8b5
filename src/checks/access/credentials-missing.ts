import type { CredentialDenial, CredentialProblem } from '../../model/denial.ts';
import type { AccessObservation } from '../../model/observation.ts';
import type { Because } from '../../model/report.ts';
import type { CredentialSource, Vantage } from '../../model/vantage.ts';
import { MOST_SKEW_MS } from '../../services/signed-reads.ts';
import { absent, defineCheck, type Fix, found, NOT_APPLICABLE } from '../check.ts';
import { clockOffset } from '../host/clock.ts';
import { notTerraforms } from '../terraform.ts';
import { isScopedElsewhere } from './denied-by.ts';

type Facts = {
  readonly problem: CredentialProblem;
  readonly sources: readonly CredentialSource[];
  readonly onInstance: boolean;
};

export const credentialsMissing = defineCheck({
  code: 'credentials-missing',
  title: 'There are no credentials that the service accepts; the network is fine',
  layer: 'access',
  needs: [],
  documentation: {
    meaning:
      'Requests go out unsigned, or signed with credentials that have expired or that the service does not know. It answers, so the network is fine; but it does nothing for a caller whom it does not know.',
    confirm:
      'aws sts get-caller-identity on the host: “Unable to locate credentials”, ExpiredToken, InvalidClientTokenId or UnrecognizedClientException. aws configure list shows where they come from.',
    remedy:
      'Give the host a role (instance profile, task role, IRSA, Pod Identity) rather than keys; renew what has expired, and restart what holds it in memory.',
    notWhen:
      'A clock that is off makes the same refusals (clock-skew), and so does a metadata service that cannot be reached (imds-unreachable): both are named themselves. That this tool has no credentials is no fault of the host.',
    sources: [
      'https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html',
      'https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html',
      'https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html',
    ],
  },
  evaluate: ({ vantage, evidence }) => {
    const asked = evidence.all.filter((one): one is AccessObservation => one.rung === 'access');
    const none = asked.filter((one) => one.outcome === 'no-credentials');
    // A wrong clock spoils signatures: what is refused for its time or its signature is clock-skew's then.
    const offset = clockOffset(vantage, evidence);
    const isSkewed = offset !== undefined && Math.abs(offset.ms) >= MOST_SKEW_MS;
    const rejected = asked.filter(
      (one) =>
        one.outcome === 'credentials-rejected' &&
        !isScopedElsewhere(one.detail.denial) &&
        !(isSkewed && SPOILT.test(one.detail.errorType ?? '')),
    );
    const pasted = evidence.denials.flatMap(({ denial, observation }): CredentialDenial[] =>
      denial.kind === 'credentials' && observation === undefined && !isScopedElsewhere(denial) ? [denial] : [],
    );
    if (none.length + rejected.length + pasted.length === 0) {
      const known = asked.find((one) => one.outcome === 'allowed' || one.outcome === 'denied');
      return known === undefined
        ? NOT_APPLICABLE
        : absent(`the service knows this caller${known.detail.caller === undefined ? '' : `: ${known.detail.caller}`}`);
    }
    if (rejected.length + pasted.length === 0 && lacksMetadata(vantage)) return NOT_APPLICABLE;
    const [answer] = rejected;
    const told = answer?.detail.denial?.kind === 'credentials' ? answer.detail.denial : pasted[0];
    const problem = told?.problem ?? (rejected.length > 0 ? 'invalid' : 'missing');
    const sources = vantage.sdk.credentialSources ?? [];
    return found([
      {
        key: problem,
        resources: [],
        extent: 'some',
        summary: summaryOf(problem, told, rejected.length > 0, sourceWords(sources, vantage)),
        because: [
          ...none.slice(0, 1).map(
            (one): Because => ({
              source: 'probe',
              text: `no request was signed: ${one.detail.failure?.message ?? 'no source of credentials gave any'}`,
              ref: one.id,
            }),
          ),
          ...rejected.slice(0, 2).map(
            (one): Because => ({
              source: 'probe',
              text: `the service says ${one.detail.errorType ?? `HTTP ${one.detail.status ?? '?'}`}`,
              ref: one.id,
            }),
          ),
          ...pasted.map((denial): Because => ({ source: 'host', text: `the pasted error says: ${denial.text}` })),
          { source: 'host', text: sourceWords(sources, vantage) },
        ],
        predicts: (one) => {
          if (one.rung !== 'access') return undefined;
          if (one.outcome === 'no-credentials' || rejected.includes(one)) return 'agrees';
          // A pasted refusal is an application's, which may have other credentials than this run.
          return one.outcome === 'allowed' && rejected.length + none.length > 0 ? 'disproves' : undefined;
        },
        attested: pasted.length > 0,
        facts: { problem, sources, onInstance: vantage.instanceId !== undefined },
      },
    ]);
  },
  fix: ({ problem, sources, onInstance }: Facts): Fix => {
    const unprovable =
      'credentials are no part of the model; run vpce-doctor --signed again to see that they are accepted';
    const check = 'aws sts get-caller-identity';
    const terraform = notTerraforms('what signs a request is a matter of the host, not of the network.');
    const base = { undo: [], owner: 'host owner', unprovable, terraform } as const;
    const where = sources.length === 0 ? '' : ` They come from ${sources.map((one) => SOURCES[one]).join(', then ')}.`;
    switch (problem) {
      case 'missing':
        return {
          ...base,
          summary: onInstance
            ? 'Attach an instance profile to this instance, or give the container a role of its own (task role, IRSA, Pod Identity).'
            : 'Give this host a role or a profile: nothing in its environment, files or container settings leads to credentials.',
          commands: [check],
        };
      case 'expired':
        return {
          ...base,
          summary: `Renew the credentials.${where} What read them once and keeps them has to be restarted.`,
          commands: [check],
        };
      case 'invalid':
        return {
          ...base,
          summary: `Replace the credentials: the service does not know them, or not in this partition.${where}`,
          commands: [check],
        };
    }
  },
  demonstration: {
    signed: true,
    inject: (world) => {
      world.credentials = 'expired';
    },
  },
});

const SPOILT = /Skew|Signature|RequestExpired|AuthFailure/i;

const SOURCES: Record<CredentialSource, string> = {
  environment: 'environment variables (AWS_ACCESS_KEY_ID)',
  'web-identity': 'a web identity token (AWS_WEB_IDENTITY_TOKEN_FILE)',
  container: 'the container’s credentials endpoint',
  profile: 'a profile of the shared configuration files',
};

/** The metadata service is where an instance's credentials come from, and it did not answer: imds-unreachable names it. */
function lacksMetadata({ metadata, sdk }: Pick<Vantage, 'metadata' | 'sdk'>): boolean {
  return metadata !== undefined && metadata.outcome !== 'answered' && (sdk.credentialSources ?? []).length === 0;
}

function summaryOf(
  problem: CredentialProblem,
  told: CredentialDenial | undefined,
  rejected: boolean,
  sources: string,
): string {
  const code = told?.code === undefined ? '' : ` (${told.code})`;
  switch (problem) {
    case 'missing':
      return rejected
        ? `The service saw no signature${code}: something on the way takes it off, or the request was not signed.`
        : `There are no credentials to sign with${code}: ${sources}. The service answers whoever signs.`;
    case 'expired':
      return `The service answers and refuses the credentials: they have expired${code}.`;
    case 'invalid':
      return `The service answers and refuses the credentials: it does not know them, or their signature is wrong${code}.`;
  }
}

function sourceWords(sources: readonly CredentialSource[], { metadata }: Pick<Vantage, 'metadata'>): string {
  if (sources.length > 0) return `credentials come from ${sources.map((one) => SOURCES[one]).join(', then ')}`;
  const none = 'neither the environment nor the shared files name a source of credentials';
  return metadata?.outcome === 'answered' ? `${none}, so that the instance’s role is what remains` : none;
}
