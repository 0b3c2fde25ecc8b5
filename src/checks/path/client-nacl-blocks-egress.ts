import type { Destination } from '../../network/destinations.ts';
import { clientAclEgressGate } from '../../network/gates.ts';
import { portSet } from '../../network/ports.ts';
import { defineCheck } from '../check.ts';
import { type AclFacts, aclFix, mergeAclFacts } from './acl-fix.ts';
import { CLIENT_ACL_NEEDS, describeAcl } from './acl-rules.ts';
import { destinationsOf, gateOutcome } from './blocked-gates.ts';

export const clientNaclBlocksEgress = defineCheck({
  code: 'client-nacl-blocks-egress',
  title: 'The client subnet’s network ACL denies the way out',
  layer: 'path',
  needs: CLIENT_ACL_NEEDS,
  reachabilityAnalyzerCode: 'SUBNET_ACL_RESTRICTION',
  documentation: {
    meaning:
      'The client’s subnet has a network ACL whose outbound rules deny the endpoint’s addresses on the service port. Network ACLs are stateless and read in rule order: the first rule that matches decides, and what no rule matches is denied.',
    confirm:
      'aws ec2 describe-network-acls --filters Name=association.subnet-id,Values=<client subnet>, Egress entries in order.',
    remedy:
      'Add an outbound allow rule for TCP 443 to the endpoint subnets’ CIDR (for a gateway endpoint: to the service’s public CIDRs, because a network ACL cannot name a prefix list) with a number below the rule that denies.',
    notWhen:
      'Between two interfaces in the same subnet network ACLs are not evaluated at all. They never filter DNS to the VPC resolver.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html',
      'https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html',
    ],
  },
  evaluate: (context) => {
    const { destinations, missing } = destinationsOf(context);
    const gates = destinations.map((destination) => ({
      destination,
      gate: clientAclEgressGate(context.state, context.client, destination, context.target.port),
    }));
    return gateOutcome<Destination, AclFacts>(
      gates,
      missing,
      `the client subnet’s network ACL lets TCP ${context.target.port} out`,
      (group) =>
        describeAcl(context.state, group, {
          direction: 'egress',
          ports: portSet(context.target.port, context.target.port),
          owner: 'client',
          packets: 'the packets',
          remote: undefined,
        }),
      context.target.port,
    );
  },
  merge: mergeAclFacts,
  fix: aclFix,
  demonstration: {
    inject: (world) => {
      for (const acl of world.api.networkAcls) {
        if (acl.NetworkAclId !== 'acl-c0000001') continue;
        for (const cidr of ['10.0.2.0/23', '10.0.4.0/22'])
          acl.Entries = [
            {
              RuleNumber: cidr === '10.0.2.0/23' ? 80 : 81,
              Protocol: '6',
              RuleAction: 'deny',
              Egress: true,
              CidrBlock: cidr,
              PortRange: { From: 443, To: 443 },
            },
            ...(acl.Entries ?? []),
          ];
      }
    },
  },
});
