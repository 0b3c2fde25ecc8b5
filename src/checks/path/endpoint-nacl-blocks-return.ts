import type { InterfaceDestination } from '../../network/destinations.ts';
import { endpointAclReturnGate } from '../../network/gates.ts';
import { portSet } from '../../network/ports.ts';
import { defineCheck } from '../check.ts';
import { type AclFacts, aclFix, mergeAclFacts } from './acl-fix.ts';
import { clientSide, describeAcl, ENDPOINT_ACL_NEEDS } from './acl-rules.ts';
import { gateOutcome, interfacesOf } from './blocked-gates.ts';

export const endpointNaclBlocksReturn = defineCheck({
  code: 'endpoint-nacl-blocks-return',
  title: 'The endpoint subnet’s network ACL denies the answers',
  layer: 'path',
  needs: ENDPOINT_ACL_NEEDS,
  reachabilityAnalyzerCode: 'SUBNET_ACL_RESTRICTION',
  documentation: {
    meaning:
      'The endpoint’s answer must leave its subnet towards the client’s ephemeral source ports, and network ACLs are stateless: the outbound rules of the endpoint’s subnet deny all or part of that range. When only a part is denied, some connections work and others time out.',
    confirm:
      'aws ec2 describe-network-acls --filters Name=association.subnet-id,Values=<endpoint subnet>, entries with Egress=true in order, against the client’s ip_local_port_range.',
    remedy:
      'Allow TCP to the client’s subnet on its whole ephemeral range (AWS recommends 1024-65535) with a number below the rule that denies.',
    notWhen:
      'The security group of the endpoint needs no outbound rule: security groups track connections, network ACLs do not.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html',
      'https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html',
    ],
  },
  evaluate: (context) => {
    const { destinations, missing } = interfacesOf(context);
    const gates = destinations.map((destination) => ({
      destination,
      gate: endpointAclReturnGate(context.state, context.client, destination),
    }));
    return gateOutcome<InterfaceDestination, AclFacts>(
      gates,
      missing,
      `the endpoint subnets’ network ACL lets the answers out to ports ${context.client.ephemeral.from}-${context.client.ephemeral.to}`,
      (group) =>
        describeAcl(context.state, group, {
          direction: 'egress',
          ports: portSet(context.client.ephemeral.from, context.client.ephemeral.to),
          owner: 'endpoint',
          packets: 'the answers',
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
        acl.Entries = (acl.Entries ?? []).map((entry) =>
          entry.Egress === true && entry.RuleNumber === 100
            ? { ...entry, Protocol: '6', PortRange: { From: 443, To: 443 } }
            : entry,
        );
      }
    },
  },
});
