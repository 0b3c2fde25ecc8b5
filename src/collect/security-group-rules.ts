/** Security groups out of `describe-security-group-rules`, which prints rules one by one. */
import * as z from 'zod';
import type { IpPermission, SecurityGroup } from '../model/aws.ts';

const text = z.string().optional();

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html */
export const SecurityGroupRule = z.object({
  GroupId: z.string(),
  GroupOwnerId: text,
  IsEgress: z.boolean(),
  IpProtocol: z.string(),
  FromPort: z.number().optional(),
  ToPort: z.number().optional(),
  CidrIpv4: text,
  CidrIpv6: text,
  PrefixListId: text,
  ReferencedGroupInfo: z
    .object({ GroupId: text, UserId: text, VpcId: text, VpcPeeringConnectionId: text, PeeringStatus: text })
    .optional(),
});
export type SecurityGroupRule = z.infer<typeof SecurityGroupRule>;

/** One group for each id that a rule names, with its rules as permissions, in order. Group names and VPCs are not told. */
export function groupsOfRules(rules: readonly SecurityGroupRule[]): SecurityGroup[] {
  return [...Map.groupBy(rules, (rule) => rule.GroupId)].map(([GroupId, own]) => {
    const owner = own.find((rule) => rule.GroupOwnerId !== undefined)?.GroupOwnerId;
    return {
      GroupId,
      ...(owner === undefined ? {} : { OwnerId: owner }),
      IpPermissions: own.filter((rule) => !rule.IsEgress).map(permissionOf),
      IpPermissionsEgress: own.filter((rule) => rule.IsEgress).map(permissionOf),
    };
  });
}

function permissionOf(rule: SecurityGroupRule): IpPermission {
  const { IpProtocol, FromPort, ToPort, CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupInfo } = rule;
  return {
    IpProtocol,
    // Printed as -1 where every protocol is meant; a permission has no ports then (facts.md 1.3).
    ...(IpProtocol === '-1' || FromPort === undefined ? {} : { FromPort }),
    ...(IpProtocol === '-1' || ToPort === undefined ? {} : { ToPort }),
    ...(CidrIpv4 === undefined ? {} : { IpRanges: [{ CidrIp: CidrIpv4 }] }),
    ...(CidrIpv6 === undefined ? {} : { Ipv6Ranges: [{ CidrIpv6 }] }),
    ...(PrefixListId === undefined ? {} : { PrefixListIds: [{ PrefixListId }] }),
    ...(ReferencedGroupInfo === undefined ? {} : { UserIdGroupPairs: [ReferencedGroupInfo] }),
  };
}
