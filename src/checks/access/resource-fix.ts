/** What opens a resource whose policy demands another way: the endpoint added to it, or the way that it demands. */

import { parseJson } from '../../model/json-text.ts';
import { type Policy, readPolicy } from '../../policy/document.ts';
import { type PolicyEdit, prettyPolicy, smallestEdit } from '../../policy/edit.ts';
import type { JsonObject, JsonValue } from '../../policy/edit-candidates.ts';
import { commandsForResourcePolicy } from '../../policy/edit-commands.ts';
import { evaluatePolicy } from '../../policy/evaluate.ts';
import { isEndpointWay, type MeasuredPath, wayWords } from '../../policy/measured-path.ts';
import type { Request } from '../../policy/request.ts';
import { unifiedDiff } from '../../policy/unified-diff.ts';
import { type CheckContext, draftElement, type Fix } from '../check.ts';
import { comment, resource } from '../terraform.ts';
import { hclPolicy, hclWithUndo, namedDiff } from './policy-text.ts';

export type ResourceFix = {
  readonly resourceArn: string;
  /** the ids and addresses that the policy demands */
  readonly demanded: readonly string[];
  readonly path: MeasuredPath | undefined;
  /** undefined where it could not be read */
  readonly policy: Policy | undefined;
  readonly requests: readonly Request[];
};

export function admitAtResource(
  { resourceArn, demanded, path, policy, requests }: ResourceFix,
  { state }: Pick<CheckContext<'resourcePolicies'>, 'state'>,
): Fix {
  const carrier = state.resourcePolicies.known
    ? state.resourcePolicies.value.find(({ ResourceArn }) => ResourceArn === resourceArn)
    : undefined;
  const before = carrier?.Policy;
  // A policy that keeps everything but endpoints out is not loosened for the internet: the request has to take another way.
  if (path !== undefined && !isEndpointWay(path)) return anotherWay(resourceArn, demanded, path);
  const edit = policy === undefined || before === undefined ? undefined : editOf(before, requests);
  if (before === undefined || edit === undefined) return byHand(resourceArn);
  // A REST API's policy takes effect with a new deployment of each stage: a decision of its owner.
  const put = commandsForResourcePolicy(resourceArn, edit.document, JSON.parse(before));
  return {
    summary: `Let the owner of ${resourceArn} change its policy: ${edit.what}`,
    diff: namedDiff(edit.diff, `policy of ${resourceArn}`),
    commands: put?.commands ?? [],
    undo: put?.undo ?? [],
    owner: 'resource owner',
    caution: `Whoever may use ${path?.vpceId ?? 'the endpoint'} then gets as far as the rest of the policy lets him.`,
    terraform: terraformOf(resourceArn, edit.text),
    ...(put === undefined ? { unprovable: 'how this resource’s policy is put is not known here' } : {}),
    edit: (draft) => {
      const own = draftElement(draft, 'resourcePolicies', 'ResourceArn', resourceArn);
      if (own?.Policy === undefined) return;
      own.Policy = editOf(own.Policy, requests)?.text ?? own.Policy;
    },
  };
}

/**
 * A Deny is opened for the way, and nothing more is allowed: whether the caller may do it is for its own policies to say. Where the
 * policy only fails to allow, it is the Allow that has to change.
 */
function editOf(
  text: string,
  requests: readonly Request[],
): Pick<PolicyEdit, 'document' | 'text' | 'diff' | 'what'> | undefined {
  const before = documentOf(text);
  const read = before === undefined ? undefined : readPolicy(before, 'resource', 'policy');
  if (before === undefined || read?.ok !== true) return undefined;
  const denied = requests.every((request) => evaluatePolicy(read.policy, request).effect === 'explicitly-denied');
  if (!denied) return smallestEdit(before, requests, 'resource');
  const statements = [before['Statement'] ?? []].flat();
  const edit = smallestEdit({ ...before, Statement: [...statements, EVERYTHING] }, requests, 'resource');
  const changed = edit?.document['Statement'];
  if (edit === undefined || !Array.isArray(changed)) return undefined;
  const document = { ...edit.document, Statement: changed.filter((one) => !isDeepEqual(one, EVERYTHING)) };
  const after = prettyPolicy(document);
  return { document, text: after, diff: unifiedDiff(prettyPolicy(before), after), what: edit.what };
}

/** Stands for the caller's own policies while a Deny is opened. */
const EVERYTHING: JsonObject = { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' };

function isDeepEqual(one: JsonValue, other: JsonValue): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function documentOf(text: string): JsonObject | undefined {
  const json = parseJson(text);
  return json.ok && typeof json.value === 'object' && json.value !== null && !Array.isArray(json.value)
    ? (json.value as JsonObject)
    : undefined;
}

function anotherWay(resourceArn: string, demanded: readonly string[], path: MeasuredPath): Fix {
  const wanted = demanded.filter((one) => /^vpce?-/.test(one));
  const named = wanted.slice(0, 3).map((one) => (one.startsWith('vpc-') ? `an endpoint in ${one}` : one));
  const through = named.length === 0 ? 'an endpoint that its policy admits' : named.join(' or ');
  return {
    summary: `Send the requests for ${resourceArn} through ${through} instead of ${wayWords(path).replace(/^through /, '')}: repair what keeps them from the endpoint, or create one and let the owner of the resource admit it.`,
    commands: wanted
      .filter((one) => one.startsWith('vpce-'))
      .slice(0, 1)
      .map((id) => `aws ec2 describe-vpc-endpoints --vpc-endpoint-ids ${id}`),
    undo: [],
    owner: 'network owner',
    terraform: comment(
      'An aws_vpc_endpoint in the client’s VPC, and its id in the resource’s policy; where another cause names what keeps the traffic from an endpoint, that one’s snippet.',
    ),
    unprovable:
      'which way the traffic takes then follows from other causes, or from an endpoint that is yet to be made',
  };
}

function byHand(resourceArn: string): Fix {
  return {
    summary: `Ask the owner of ${resourceArn === '' ? 'the resource' : resourceArn} which ways its policy admits, and let this one be added.`,
    commands: [],
    undo: [],
    owner: 'resource owner',
    terraform: comment('The policy is in the configuration of the resource’s owner; what it says is not known here.'),
    unprovable: 'the resource’s policy could not be read, or no change of it is known to help',
  };
}

function terraformOf(arn: string, text: string): string {
  const [, , service, , , ...rest] = arn.split(':');
  const name = rest.join(':');
  const policy = hclPolicy(text);
  switch (service) {
    case 's3':
      return hclWithUndo(resource('aws_s3_bucket_policy', name, { bucket: name, policy }));
    case 'kms':
      return hclWithUndo(resource('aws_kms_key_policy', name, { key_id: arn, policy }));
    case 'sns':
      return hclWithUndo(resource('aws_sns_topic_policy', name, { arn, policy }));
    case 'secretsmanager':
      return hclWithUndo(resource('aws_secretsmanager_secret_policy', name, { secret_arn: arn, policy }));
    default:
      return comment('The policy argument of the resource, in its owner’s configuration; the diff says what changes.');
  }
}
