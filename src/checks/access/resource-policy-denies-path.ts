import { LAB } from '../../lab/world.ts';
import type { Observation } from '../../model/observation.ts';
import type { Because } from '../../model/report.ts';
import { capital } from '../../model/text.ts';
import { isEndpointWay, type MeasuredPath, wayWords } from '../../policy/measured-path.ts';
import { lookUp } from '../../policy/request.ts';
import { absent, defineCheck, type Finding, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { passesAfter } from './after.ts';
import { askedWords, predictsRefusals, quote, refusalsBy } from './denied-by.ts';
import { admitAtResource, type ResourceFix } from './resource-fix.ts';
import {
  judgeAtResources,
  RESOURCE_POLICY_SLICES,
  type ResourceJudgement,
  type ResourcePolicyContext,
} from './resource-judgement.ts';
import { few, heldWords, statementName, whyAllowed } from './words.ts';

export const resourcePolicyDeniesPath = defineCheck({
  code: 'resource-policy-denies-path',
  title: 'The resource’s own policy demands another way than the request takes',
  layer: 'access',
  needs: RESOURCE_POLICY_SLICES,
  documentation: {
    meaning:
      'The policy of the bucket, key, queue, topic, secret or API admits requests by certain endpoints, VPCs or addresses only (aws:SourceVpce, aws:SourceVpc, aws:VpcSourceIp, aws:SourceIp), and this host’s requests leave by another way: through another endpoint, or through NAT, where these keys are absent. The service answers, and refuses.',
    confirm:
      'aws s3api get-bucket-policy (kms get-key-policy, sqs get-queue-attributes, sns get-topic-attributes, secretsmanager get-resource-policy, apigateway get-rest-api) and the endpoint through which the host’s packets leave; vpce-doctor --signed joins both.',
    remedy:
      'Send the requests by the way that the policy demands, or let the resource’s owner add the endpoint to the policy.',
    notWhen:
      'S3’s plain Access Denied alone does not say which policy denied. A Deny for other reasons (encryption, TLS, an organization) has nothing to do with the way. Calls that an AWS service makes on the caller’s behalf come through no endpoint of his.',
    sources: [
      'https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies-vpc-endpoint.html',
      'https://docs.aws.amazon.com/kms/latest/developerguide/vpce-policy-condition.html',
      'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html',
    ],
  },
  evaluate: (context) => {
    const judged = judgeAtResources(context).filter(counts);
    const blamed = refusalsBy(context.evidence, ['resource-policy']);
    if (judged.length === 0 && blamed.length === 0) return NOT_APPLICABLE;
    const denied = judged.filter((one) => one.verdict === 'denied-by-path');
    if (denied.length > 0) {
      const arns = [...new Set(denied.map((one) => one.resourceArn ?? ''))];
      return found(
        arns.map((arn) =>
          findingOf(
            context,
            arn,
            denied.filter((one) => one.resourceArn === arn),
            judged,
          ),
        ),
      );
    }
    const open = judged.filter((one) => one.verdict === 'unknown' || one.verdict === 'unreadable');
    const refused = blamed.length > 0 || open.some(({ asked }) => asked.outcome === 'denied');
    const gaps = open.flatMap((one) => one.missing);
    // Nobody was refused anything, and what could not be read is told elsewhere.
    if (!refused && open.length > 0 && open.every((one) => one.verdict === 'unreadable')) return NOT_APPLICABLE;
    if (gaps.length > 0) return unknown(gaps, refused);
    if (judged.some((one) => one.verdict === 'denied-anyhow')) return NOT_APPLICABLE;
    const [allowed] = judged.filter((one) => one.verdict === 'allowed');
    const [answer] = allowed?.decision?.answers ?? [];
    if (allowed !== undefined && answer !== undefined && blamed.length === 0)
      return absent(
        `the policy of ${allowed.resourceArn} allows ${allowed.asked.action} ${wayWords(allowed.path)}: ${whyAllowed(answer.answer)}`,
      );
    if (blamed.length === 0) return NOT_APPLICABLE;
    const detail = `the resource’s policy that denies ${askedWords((blamed[0] as (typeof blamed)[number]).denial)}`;
    return unknown([{ slice: 'resourcePolicies', action: 's3:GetBucketPolicy', why: 'not-visible', detail }]);
  },
  // The words say that the resource's policy denies; whether the way is why, only the policy itself tells.
  suspect: ({ evidence }) => {
    const blamed = refusalsBy(evidence, ['resource-policy']);
    const [first] = blamed;
    if (first === undefined) return undefined;
    const { denial } = first;
    return {
      key: denial.resource ?? denial.policyArn ?? '',
      resources: [denial.resource, denial.policyArn].filter((one) => one !== undefined),
      extent: 'some',
      summary: `The service says that the resource’s own policy denies ${askedWords(denial)}${denial.explicit === true ? ', by a Deny' : ''}. Whether the way that the request took is the reason cannot be told without the policy.`,
      because: blamed.map(quote),
      predicts: predictsRefusals(blamed),
      attested: first.observation === undefined,
      facts: { resourceArn: denial.resource ?? '', demanded: [], path: undefined, policy: undefined, requests: [] },
    };
  },
  fix: (facts, context) => admitAtResource(facts, context),
  demonstration: {
    signed: true,
    targets: [`reports.${LAB.s3Host}`],
    inject: (world) => {
      world.api.resourcePolicies.push({
        ResourceArn: 'arn:aws:s3:::reports',
        Policy: JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'OnlyByOurEndpoint',
              Effect: 'Deny',
              Principal: '*',
              Action: 's3:*',
              Resource: ['arn:aws:s3:::reports', 'arn:aws:s3:::reports/*'],
              Condition: { StringNotEquals: { 'aws:SourceVpce': 'vpce-0a1b2c3d4e5f60718' } },
            },
          ],
        }),
        Action: 's3:GetBucketPolicy',
      });
    },
  },
});

/** A request that other words than the resource's policy explain is judged too: one phrase does not clear the others. */
function counts(one: ResourceJudgement): boolean {
  return one.verdict !== 'none';
}

function findingOf(
  context: ResourcePolicyContext,
  resourceArn: string,
  denied: readonly ResourceJudgement[],
  judged: readonly ResourceJudgement[],
): Finding<ResourceFix> {
  const first = (denied.find(({ asked }) => asked.outcome === 'denied') ?? denied[0]) as ResourceJudgement;
  const { path, asked, demands, policy } = first;
  const [demand] = demands;
  const deciders = [...new Set(demands.map(({ statement }) => statement))];
  return {
    key: resourceArn,
    resources: [resourceArn, ...(path.vpceId === undefined ? [] : [path.vpceId])],
    extent: judged.every((one) => one.verdict === 'denied-by-path') ? 'all' : 'some',
    summary: `${capital(kindOf(resourceArn))} ${demandWords(first)}; ${actualWords(path, demand?.condition.key ?? 'aws:SourceVpce', first)}. ${asked.action} on ${resourceArn} is refused for it.`,
    because: [
      ...deciders.map(
        (statement): Because => ({
          source: 'configuration',
          text: `${statementName(statement)} of its policy ${statement.effect === 'Deny' ? 'denies' : 'does not allow'} it: ${statement.conditions.map((entry) => conditionWords(entry, first)).join('; ')}`,
          ref: resourceArn,
        }),
      ),
      { source: 'configuration', text: path.because },
      ...quotesOf(denied),
    ],
    predicts: (one: Observation) => {
      const own = denied.find(({ asked: { observation } }) => observation?.id === one.id)?.asked;
      if (own === undefined) return undefined;
      if (own.outcome === 'allowed') return 'disproves';
      return own.denial?.by === undefined || own.denial.by === 'resource-policy' ? 'agrees' : undefined;
    },
    attested: denied.some(
      ({ asked: { origin, denial } }) =>
        origin === 'pasted' && (denial?.by === undefined || denial.by === 'resource-policy'),
    ),
    access: (state) => {
      const again = denied.map(({ asked, path: way }) => passesAfter(context, asked, way, state).answer);
      if (again.every((answer) => answer === 'allowed')) return 'allowed';
      return again.includes('denied') ? 'denied' : 'unknown';
    },
    facts: {
      resourceArn,
      demanded: demands.flatMap(({ condition }) => condition.values),
      path,
      policy,
      requests: denied.flatMap((one) => (one.request === undefined ? [] : [one.request])),
    },
  };
}

/** Each text once: every interface of an endpoint says the same. */
function quotesOf(denied: readonly ResourceJudgement[]): Because[] {
  const said = new Map<string, Because>();
  for (const { asked } of denied) {
    const { denial, observation } = asked;
    if (denial !== undefined && !said.has(denial.text)) said.set(denial.text, quote({ denial, observation }));
  }
  return [...said.values()];
}

/** `Your bucket`: what carries the policy. */
function kindOf(arn: string): string {
  const service = arn.split(':')[2] ?? '';
  const kinds: Readonly<Record<string, string>> = {
    s3: 'bucket',
    kms: 'key',
    sqs: 'queue',
    sns: 'topic',
    secretsmanager: 'secret',
    apigateway: 'API',
  };
  return `your ${kinds[service] ?? 'resource'}`;
}

/** `demands aws:SourceVpce vpce-111`, or `denies aws:SourceVpce vpce-222`, as the operator has it. */
function demandWords({ demands }: ResourceJudgement): string {
  return [
    ...new Set(
      demands.map(({ statement, condition }) => {
        const { operator, key, values } = condition;
        if (operator.kind === 'null')
          return `demands a request ${demandsPresence(statement, values) ? 'with' : 'without'} ${key}`;
        const wants = (statement.effect === 'Deny') === operator.negated;
        return `${wants ? 'demands' : 'denies'} ${key} ${few(values)}`;
      }),
    ),
  ].join(' and ');
}

/** `Null: { key: true }` in a Deny wants the key to be there. */
function demandsPresence({ effect }: { readonly effect: 'Allow' | 'Deny' }, values: readonly string[]): boolean {
  return values.some((value) => value.toLowerCase() === 'true') === (effect === 'Deny');
}

/** `this host leaves through vpce-222`, or that the key is not there at all. */
function actualWords(path: MeasuredPath, key: string, { request }: ResourceJudgement): string {
  const value = request === undefined ? undefined : lookUp(request.context, key);
  const leaves = path.certain ? 'the request left' : 'the request would leave';
  if (value?.known === true && value.values === undefined) return `${leaves} ${wayWords(path)}, so ${key} is absent`;
  if (isEndpointWay(path) && /^aws:sourcevpce$/i.test(key))
    return `this host ${path.certain ? 'leaves' : 'would leave'} ${wayWords(path)}`;
  const has = value?.known === true && value.values !== undefined ? few(value.values) : 'another value';
  return `${leaves} ${wayWords(path)}, and ${key} is ${has}`;
}

function conditionWords(entry: Parameters<typeof heldWords>[0], { request, decision }: ResourceJudgement): string {
  if (request === undefined) return entry.key;
  if (decision?.denial === 'explicit') return heldWords(entry, request);
  const value = lookUp(request.context, entry.key);
  const has = value?.known === true && value.values !== undefined ? `has ${few(value.values)}` : `has no ${entry.key}`;
  return `${entry.operator.name} ${entry.key} ${few(entry.values)}, and the request ${has}`;
}
