import type { Destination } from '../../network/destinations.ts';
import { clientAclArrivalGate } from '../../network/gates.ts';
import { portSet } from '../../network/ports.ts';
import { defineCheck } from '../check.ts';
import { type AclFacts, aclFix, mergeAclFacts } from './acl-fix.ts';
import { ARRIVAL_NEEDS, CLIENT_ACL_NEEDS, describeAcl } from './acl-rules.ts';
import { destinationsOf, gateOutcome } from './blocked-gates.ts';

export const clientNaclBlocksReturn = defineCheck({
  code: 'client-nacl-blocks-return',
  title: 'The client subnet’s network ACL denies the answers',
  layer: 'path',
  needs: [...CLIENT_ACL_NEEDS, ...ARRIVAL_NEEDS],
  reachabilityAnalyzerCode: 'SUBNET_ACL_RESTRICTION',
  documentation: {
    meaning:
      'Network ACLs are stateless: the answer to an admitted packet needs a rule of its own. Answers come back to the client’s ephemeral source ports (Linux: 32768-60999), and the inbound rules of the client’s subnet deny all or part of that range. When only a part is denied, some connections work and others time out.',
    confirm:
      'cat /proc/sys/net/ipv4/ip_local_port_range on the client, and the inbound entries of the subnet’s network ACL in order.',
    remedy:
      'Allow TCP on the client’s whole ephemeral range inbound from the endpoint’s addresses. AWS recommends 1024-65535, which covers Linux, Windows, NAT gateways and Lambda.',
    notWhen:
      'A rule for 49152-65535 fits Windows clients and nothing else: on Linux it refuses more than half of the ports. What a transit gateway brings into the subnet in which it is attached itself never meets that subnet’s network ACL.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html',
      'https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html',
      'https://docs.aws.amazon.com/vpc/latest/tgw/tgw-nacls.html',
    ],
  },
  evaluate: (context) => {
    const { destinations, missing } = destinationsOf(context);
    const gates = destinations.map((destination) => ({
      destination,
      gate: clientAclArrivalGate(context.state, context.client, destination),
    }));
    return gateOutcome<Destination, AclFacts>(
      gates,
      missing,
      `the client subnet’s network ACL lets the answers in on ports ${context.client.ephemeral.from}-${context.client.ephemeral.to}`,
      (group) =>
        describeAcl(context.state, group, {
          direction: 'ingress',
          ports: portSet(context.client.ephemeral.from, context.client.ephemeral.to),
          owner: 'client',
          packets: 'the answers',
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
        acl.Entries = (acl.Entries ?? []).map((entry) =>
          entry.Egress === false && entry.RuleNumber === 100
            ? { ...entry, Protocol: '6', PortRange: { From: 443, To: 443 } }
            : entry,
        );
      }
    },
  },
});
