/** The smallest change of an endpoint's policy that lets requests through. */
import type { VpcEndpoint } from '../../model/aws.ts';
import type { State } from '../../model/state.ts';
import type { Policy } from '../../policy/document.ts';
import { smallestEdit } from '../../policy/edit.ts';
import { commandsForEndpointPolicy } from '../../policy/edit-commands.ts';
import type { Request } from '../../policy/request.ts';
import { type CheckContext, draftElement, type Fix } from '../check.ts';
import { comment, resource } from '../terraform.ts';
import { leaveNarrow } from './narrow-policy.ts';
import { hclPolicy, hclWithUndo, namedDiff } from './policy-text.ts';

export type EndpointFix = {
  /** undefined where it is not known which endpoint's policy denies */
  readonly vpceId: string | undefined;
  /** undefined where it could not be read */
  readonly policy: Policy | undefined;
  readonly requests: readonly Request[];
  /** true: only this run asked, and what the application asks is not known */
  readonly onlyOurs?: boolean | undefined;
  /** reads of this run alone that the policy leaves out, where it lets other requests through */
  readonly leavesOut?: readonly string[] | undefined;
};

type Context = Pick<CheckContext<'vpcEndpoints'>, 'state'>;

/** Adds what is asked to the policy; where no change of it helps, says whose turn it is. */
export function admitAtEndpoint(
  { vpceId, policy, requests, onlyOurs, leavesOut }: EndpointFix,
  { state }: Context,
): Fix {
  if (leavesOut !== undefined) return leaveNarrow(vpceId, leavesOut);
  const endpoint = endpointNamed(state, vpceId);
  const before = endpoint?.PolicyDocument;
  const edit = policy === undefined || before === undefined ? undefined : smallestEdit(before, requests, policy.kind);
  if (vpceId === undefined || before === undefined || policy === undefined || edit === undefined || edit.tooLong)
    return byHand(vpceId, requests, edit?.tooLong === true);
  return {
    summary: `Change the policy of ${vpceId}: ${edit.what}`,
    diff: namedDiff(edit.diff, `policy of ${vpceId}`),
    ...commandsForEndpointPolicy(vpceId, undefined, edit.document, JSON.parse(before)),
    owner: 'endpoint owner',
    caution: `${onlyOurs === true ? 'It lets through no more than the read that vpce-doctor tries: add the application’s own actions and resources likewise. ' : ''}A change of the policy takes some minutes to take effect, and holds for every client of the endpoint.`,
    terraform: hclWithUndo(
      resource('aws_vpc_endpoint_policy', vpceId, { vpc_endpoint_id: vpceId, policy: hclPolicy(edit.text) }),
    ),
    edit: (draft) => {
      const own = draftElement(draft, 'vpcEndpoints', 'VpcEndpointId', vpceId);
      if (own?.PolicyDocument === undefined) return;
      // Another fix may have changed it already: what is still denied then is added to that.
      own.PolicyDocument = smallestEdit(own.PolicyDocument, requests, policy.kind)?.text ?? own.PolicyDocument;
    },
  };
}

function endpointNamed({ vpcEndpoints }: Pick<State, 'vpcEndpoints'>, id: string | undefined): VpcEndpoint | undefined {
  return vpcEndpoints.known ? vpcEndpoints.value.find(({ VpcEndpointId }) => VpcEndpointId === id) : undefined;
}

function byHand(vpceId: string | undefined, requests: readonly Request[], tooLong: boolean): Fix {
  const [first] = requests;
  const what = first === undefined ? 'what was refused' : `${first.action} on ${first.resource}`;
  const whose = vpceId === undefined ? 'the endpoint’s policy' : `the policy of ${vpceId}`;
  return {
    summary: tooLong
      ? `Make ${whose} shorter, and let ${what} through: with another statement it is longer than an endpoint’s policy may be.`
      : `Let ${what} through in ${whose}.`,
    commands:
      vpceId === undefined
        ? []
        : [`aws ec2 describe-vpc-endpoints --vpc-endpoint-ids ${vpceId} --query "VpcEndpoints[].PolicyDocument"`],
    undo: [],
    owner: 'endpoint owner',
    terraform: comment(
      'The policy argument of the endpoint’s own aws_vpc_endpoint, or its aws_vpc_endpoint_policy; what has to be in it is not known here.',
    ),
    unprovable: tooLong
      ? 'the changed policy would be too long for AWS'
      : 'no change of a policy that was read is known to let the request through',
  };
}

/** One set of facts for several targets that share the endpoint. */
export function mergeEndpointFixes(all: readonly [EndpointFix, ...EndpointFix[]]): EndpointFix {
  const requests = new Map(
    all.flatMap((one) =>
      one.requests.map((request) => [
        `${request.action} ${request.resource} ${JSON.stringify(request.principal)}`,
        request,
      ]),
    ),
  );
  const leavesOut = [...new Set(all.flatMap((one) => one.leavesOut ?? []))];
  const { leavesOut: _, ...first } = all[0];
  const onlyOurs = all.every((one) => one.onlyOurs === true);
  return { ...first, onlyOurs, requests: [...requests.values()], ...(leavesOut.length === 0 ? {} : { leavesOut }) };
}
