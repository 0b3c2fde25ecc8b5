import type { InterfaceDestination } from '../../network/destinations.ts';
import { endpointAclIngressGate } from '../../network/gates.ts';
import { portSet } from '../../network/ports.ts';
import { defineCheck } from '../check.ts';
import { type AclFacts, aclFix, mergeAclFacts } from './acl-fix.ts';
import { ARRIVAL_NEEDS, clientSide, describeAcl, ENDPOINT_ACL_NEEDS } from './acl-rules.ts';
import { gateOutcome, interfacesOf } from './blocked-gates.ts';

export const endpointNaclBlocksIngress = defineCheck({
  code: 'endpoint-nacl-blocks-ingress',
  title: 'The endpoint subnet’s network ACL denies the way in',
  layer: 'path',
  needs: [...ENDPOINT_ACL_NEEDS, ...ARRIVAL_NEEDS],
  reachabilityAnalyzerCode: 'SUBNET_ACL_RESTRICTION',
  documentation: {
    meaning:
      'An endpoint’s network interfaces are guarded by the network ACL of the subnet that they stand in. Its inbound rules deny the client’s address on the service port. When the endpoint has interfaces in several subnets with different network ACLs, only some of its addresses may be closed.',
    confirm:
      'aws ec2 describe-network-acls --filters Name=association.subnet-id,Values=<endpoint subnet>, entries with Egress=false in order.',
    remedy: 'Add an inbound allow rule for TCP 443 from the client’s subnet with a number below the rule that denies.',
    notWhen: 'A client in the same subnet as the interface never meets the network ACL.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html',
      'https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html',
      'https://docs.aws.amazon.com/vpc/latest/tgw/tgw-nacls.html',
    ],
  },
  evaluate: (context) => {
    const { destinations, missing } = interfacesOf(context);
    const gates = destinations.map((destination) => ({
      destination,
      gate: endpointAclIngressGate(context.state, context.client, destination, context.target.port),
    }));
    return gateOutcome<InterfaceDestination, AclFacts>(
      gates,
      missing,
      `the endpoint subnets’ network ACL lets TCP ${context.target.port} in`,
      (group) =>
        describeAcl(context.state, group, {
          direction: 'ingress',
          ports: portSet(context.target.port, context.target.port),
          owner: 'endpoint',
          packets: 'the packets',
          remote: clientSide(context.client, group),
        }),
      context.target.port,
    );
  },
  merge: mergeAclFacts,
  fix: aclFix,
  demonstration: {
    inject: (world) => {
      for (const acl of world.api.networkAcls) {
        if (acl.NetworkAclId !== 'acl-e0000001') continue;
        acl.Entries = [
          {
            RuleNumber: 90,
            Protocol: '6',
            RuleAction: 'deny',
            Egress: false,
            CidrBlock: '10.0.1.0/24',
            PortRange: { From: 443, To: 443 },
          },
          ...(acl.Entries ?? []),
        ];
      }
    },
  },
});
