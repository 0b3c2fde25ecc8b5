import { absent, defineCheck, found, NOT_APPLICABLE } from '../check.ts';
import { askedWords, predictsRefusals, quote, refusals, refusalsBy } from './denied-by.ts';
import { allowStatement } from './identity-fix.ts';

export const organizationPolicyDenies = defineCheck({
  code: 'organization-policy-denies',
  title: 'A policy of the organization does not allow the request; the network is fine',
  layer: 'access',
  needs: [],
  documentation: {
    meaning:
      'The request reached the service and was refused by a service control policy (what the accounts of an organization may do) or a resource control policy (who may use their resources). Neither can be read or changed from a member account, and neither is about the network, though some demand aws:SourceVpc or aws:SourceVpce.',
    confirm:
      'The answer says “because no service control policy allows the … action”, “with an explicit deny in a service control policy” or “… in a resource control policy”, and may name the policy’s ARN.',
    remedy:
      'Ask whoever manages the organization, with the words of the answer: they name the action and often the policy.',
    notWhen:
      'The words name one kind of policy only, though several may deny. A policy of the organization that demands requests from known networks is answered by the right endpoint, not by another policy.',
    sources: [
      'https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html',
      'https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html',
      'https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html',
    ],
  },
  evaluate: ({ evidence }) => {
    const said = refusalsBy(evidence, ['service-control-policy', 'resource-control-policy']);
    const [first] = said;
    if (first === undefined) {
      const done = evidence.all.find((one) => one.rung === 'access' && one.outcome === 'allowed');
      // Words that blame another policy do not clear these, and nobody can read them from here.
      if (done?.rung !== 'access' || refusals(evidence).length > 0) return NOT_APPLICABLE;
      return absent(`${done.subject.action} was allowed`);
    }
    const { denial } = first;
    const kind = denial.by === 'resource-control-policy' ? 'resource control policy' : 'service control policy';
    const policy = denial.policyArn === undefined ? `a ${kind}` : `the ${kind} ${denial.policyArn}`;
    return found([
      {
        key: `${denial.by} ${denial.policyArn ?? ''} ${denial.action ?? ''}`,
        resources: [denial.policyArn, denial.principal].filter((one) => one !== undefined),
        extent: 'some',
        summary: `The service refuses ${askedWords(denial)}: ${denial.explicit === true ? `${policy} denies it` : `no ${kind} allows it`}. The network is fine; the organization does not let this account do it.`,
        because: said.map(quote),
        predicts: predictsRefusals(said),
        attested: said.some(({ observation }) => observation === undefined),
        facts: {
          kind: denial.by ?? 'service-control-policy',
          action: denial.action ?? 'the action',
          resource: denial.resource ?? '*',
          principal: denial.principal,
          policyArn: denial.policyArn,
          explicit: denial.explicit === true,
        },
      },
    ]);
  },
  fix: (facts) => allowStatement(facts),
  demonstration: {
    signed: true,
    inject: (world) => {
      world.organization = {
        serviceControlPolicies: [
          { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
          {
            Version: '2012-10-17',
            Statement: [{ Sid: 'NoSecrets', Effect: 'Deny', Action: 'secretsmanager:List*', Resource: '*' }],
          },
        ],
      };
    },
  },
});
