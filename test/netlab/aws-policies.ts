/** Policies: what the calls that put them do to a world's description, and what AWS refuses to take. */
import { find, type World } from '../../src/lab/world.ts';
import { type Call, need } from './aws-call.ts';

/** The document that an endpoint has to whom nobody gave one (vpc/latest/privatelink, “Default endpoint policy”). */
const DEFAULT = { Statement: [{ Action: '*', Effect: 'Allow', Principal: '*', Resource: '*' }], Version: '2008-10-17' };

/** `aws ec2 modify-vpc-endpoint` with a policy. */
export function changeEndpointPolicy(world: World, call: Call): void {
  const endpoint = find(world, 'vpcEndpoints', need(call, 'vpc-endpoint-id'));
  if (call.has('reset-policy') && call.has('policy-document')) throw new Error('InvalidParameterCombination');
  if (call.has('reset-policy')) endpoint.PolicyDocument = JSON.stringify(DEFAULT);
  if (!call.has('policy-document')) return;
  const document = need(call, 'policy-document');
  statementsOf(document);
  endpoint.PolicyDocument = document;
}

export const S3_WRITES: Readonly<Record<string, (world: World, call: Call) => void>> = {
  'put-bucket-policy': (world, call) => {
    const bucket = need(call, 'bucket');
    const Policy = need(call, 'policy');
    const ResourceArn = `arn:aws:s3:::${bucket}`;
    for (const { Resource } of statementsOf(Policy))
      for (const one of [Resource].flat())
        if (one !== ResourceArn && !String(one).startsWith(`${ResourceArn}/`))
          throw new Error('MalformedPolicy: Policy has invalid resource');
    const old = world.api.resourcePolicies.find((one) => one.ResourceArn === ResourceArn);
    if (old === undefined) world.api.resourcePolicies.push({ ResourceArn, Policy, Action: 's3:GetBucketPolicy' });
    else old.Policy = Policy;
  },
  'delete-bucket-policy': (world, call) => {
    const gone = `arn:aws:s3:::${need(call, 'bucket')}`;
    world.api.resourcePolicies = world.api.resourcePolicies.filter(({ ResourceArn }) => ResourceArn !== gone);
  },
};

type Statement = { readonly Resource?: unknown };

/** Every statement says who, what and on what: AWS takes no policy of an endpoint or a bucket that does not. */
function statementsOf(text: string): readonly Statement[] {
  const { Version, Statement } = JSON.parse(text) as { Version?: unknown; Statement?: unknown };
  if (Version !== undefined && Version !== '2012-10-17' && Version !== '2008-10-17')
    throw new Error('MalformedPolicy: Version');
  const statements = [Statement].flat().filter((one): one is object => typeof one === 'object' && one !== null);
  if (statements.length === 0) throw new Error('MalformedPolicy: no statement');
  for (const one of statements)
    for (const [element, ...other] of [
      ['Effect'],
      ['Principal', 'NotPrincipal'],
      ['Action', 'NotAction'],
      ['Resource', 'NotResource'],
    ])
      if (![element, ...other].some((name) => name !== undefined && Object.hasOwn(one, name)))
        throw new Error(`MalformedPolicy: Missing required field ${element}`);
  return statements;
}
