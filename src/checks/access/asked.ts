/** The requests that a policy is judged for: refused ones, signed ones, or, where nobody asked anything, a read of the service. */
import type { PolicyDenial } from '../../model/denial.ts';
import type { AccessObservation, HttpsObservation } from '../../model/observation.ts';
import type { State } from '../../model/state.ts';
import type { Target } from '../../model/target.ts';
import { nameOf } from '../../policy/reasons.ts';
import { type Principal, parsePrincipal } from '../../policy/request.ts';
import { bucketOfUrl } from '../../services/s3-hosts.ts';
import { signedReadFor } from '../../services/signed-reads.ts';
import type { CheckContext } from '../check.ts';
import { blamed } from './denied-by.ts';

export type Asked = {
  readonly action: string;
  /** undefined where the words of a refusal do not say it */
  readonly resource: string | undefined;
  /** undefined where it is not known who asked */
  readonly principal: Principal | undefined;
  /** `pasted`: in an error text; `signed`: by this run; `own`: nobody asked, it stands for what an application may ask */
  readonly origin: 'pasted' | 'signed' | 'own';
  readonly outcome: 'denied' | 'allowed' | 'unasked';
  readonly denial?: PolicyDenial | undefined;
  readonly observation?: AccessObservation | HttpsObservation | undefined;
};

export type AskedReads = Pick<State, 'callerIdentities'>;
type Context = Pick<CheckContext<'callerIdentities'>, 'target' | 'state' | 'evidence'>;

/** What was asked of the target and answered; else its own harmless read, which nobody asked. Each once for each address. */
export function requestsAsked({ target, state, evidence }: Context): readonly Asked[] {
  const caller = callerOf(state);
  const signed = evidence.all.flatMap((one): Asked[] => {
    if (one.rung !== 'access' || (one.outcome !== 'allowed' && one.outcome !== 'denied')) return [];
    const { denial, caller: told } = one.detail;
    const words = denial?.kind === 'policy' ? denial : undefined;
    return [
      {
        // The service's own words go before what was sent: an action may be authorised under another name.
        action: words?.action ?? one.subject.action,
        resource: words?.resource ?? one.subject.resource,
        principal: principalOf(words?.principal) ?? principalOf(told) ?? caller,
        origin: 'signed',
        outcome: one.outcome,
        denial: words,
        observation: one,
      },
    ];
  });
  const told = evidence.denials.flatMap(({ denial, observation }): Asked[] => {
    if (denial.kind !== 'policy' || observation?.rung === 'access') return [];
    // Services refuse whoever does not sign, whatever the policies; only a policy that is named means something.
    if (observation !== undefined && blamed(denial) === undefined) return [];
    const read = denial.action === undefined ? readOf(target) : undefined;
    const action = denial.action ?? read?.action;
    if (action === undefined) return [];
    const anonymous = observation === undefined ? undefined : ({ kind: 'anonymous' } as const);
    return [
      {
        action,
        resource: denial.resource ?? read?.resource,
        principal: principalOf(denial.principal) ?? anonymous ?? caller,
        origin: observation === undefined ? 'pasted' : 'signed',
        outcome: 'denied',
        denial,
        observation,
      },
    ];
  });
  if (signed.length + told.length > 0) return [...signed, ...told];
  const read = target.host === undefined ? undefined : signedReadFor(target.serviceId, target.host);
  if (read === undefined || target.host === undefined) return [];
  const own = { action: read.action, resource: read.resource(target.host), principal: caller };
  return [{ ...own, origin: 'own', outcome: 'unasked' }];
}

/** Who the credentials of this run belong to; undefined where nobody asked. */
export function callerOf({ callerIdentities }: AskedReads): Principal | undefined {
  return principalOf(callerIdentities.known ? callerIdentities.value[0]?.Arn : undefined);
}

function principalOf(arn: string | undefined): Principal | undefined {
  const parsed = arn === undefined ? undefined : parsePrincipal(arn);
  return parsed?.ok === true ? parsed.principal : undefined;
}

/**
 * S3 says no more than "Access Denied": what was asked is the object of the URL (a download is how it is met: a layer, a
 * package), where the URL names one.
 */
function readOf(target: Target): { readonly action: string; readonly resource: string | undefined } | undefined {
  if (target.host === undefined || target.serviceId !== 's3') return undefined;
  const bucket = bucketOfUrl(target.host, target.path);
  if (bucket === undefined) return undefined;
  const inPath = !target.host.toLowerCase().startsWith(`${bucket}.`);
  const path = (target.path ?? '').replace(/[?#].*$/s, '').slice(1);
  const object = inPath ? path.slice(bucket.length + 1) : path;
  const arn = `arn:${partitionOf(target.host)}:s3:::${bucket}`;
  return object === ''
    ? { action: 's3:ListBucket', resource: arn }
    : { action: 's3:GetObject', resource: `${arn}/${object}` };
}

function partitionOf(host: string): string {
  if (host.endsWith('.amazonaws.com.cn')) return 'aws-cn';
  return /[.-]us-gov-/.test(host) ? 'aws-us-gov' : 'aws';
}

/** How a sentence calls who asked. */
export function callerWords(principal: Principal | undefined): string {
  if (principal === undefined) return 'this caller';
  return principal.kind === 'anonymous' ? 'a caller who does not sign' : nameOf(principal);
}
