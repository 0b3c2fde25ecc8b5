/** The network ACL entry that repairs an ACL cause: an allow rule before the rule that denies. */
import { PRIVILEGES, type Privilege } from '../../model/report.ts';
import type { Vantage } from '../../model/vantage.ts';
import { cidrSet, formatAddresses } from '../../network/addresses.ts';
import { draftElement, type Fix, type FixAlternative } from '../check.ts';
import { comment, hcl, resource, UNDO_BY_REMOVAL } from '../terraform.ts';
import { list } from './blocked-gates.ts';
import { vpcBlocks } from './group-rules.ts';
import { isTranslated, wholePrefix } from './translated.ts';

export type AclFacts = {
  readonly aclId: string;
  readonly direction: 'ingress' | 'egress';
  /** the far side of the subnet's border, as CIDR blocks */
  readonly cidrs: readonly string[];
  /** how wide these blocks are */
  readonly width: Privilege;
  /** the far side is in the client's VPC */
  readonly inside: boolean;
  readonly ports: { readonly from: number; readonly to: number };
  /** the lowest rule that denies, which the new entry must come before */
  readonly before: number;
  readonly usedNumbers: readonly number[];
};

/** Beyond this many blocks a rule for each is not what anybody maintains: AWS allows 20 rules in each direction. */
const MOST_BLOCKS = 5;

/** Several targets that one ACL keeps from the client need one set of entries. */
export function mergeAclFacts(all: readonly [AclFacts, ...AclFacts[]]): AclFacts {
  return {
    ...all[0],
    cidrs: formatAddresses(cidrSet(all.flatMap((facts) => facts.cidrs))).map((one) =>
      one.includes('/') ? one : `${one}/${one.includes(':') ? 128 : 32}`,
    ),
    width: PRIVILEGES.findLast((width) => all.some((facts) => facts.width === width)) ?? 'anywhere',
    inside: all.every((facts) => facts.inside),
    ports: {
      from: Math.min(...all.map((facts) => facts.ports.from)),
      to: Math.max(...all.map((facts) => facts.ports.to)),
    },
    before: Math.min(...all.map((facts) => facts.before)),
  };
}

/** The narrowest entries that are still few, and wider ones as alternatives. */
export function aclFix(narrow: AclFacts, { vantage }: { readonly vantage: Pick<Vantage, 'vpcCidrs'> }): Fix {
  const cidrs = wholePrefix(narrow.cidrs);
  const facts: AclFacts = { ...narrow, cidrs, ...(cidrs.some(isTranslated) ? { width: 'anywhere' } : {}) };
  const families = [false, true].filter((six) => facts.cidrs.some((cidr) => cidr.includes(':') === six));
  const blocks = families.map((six) => vpcBlocks(vantage, six));
  const vpc = facts.inside && blocks.every((own) => own.length > 0) ? blocks.flat() : [];
  const choices: { cidrs: readonly string[]; width: Privilege }[] = [
    ...(facts.cidrs.length <= MOST_BLOCKS ? [{ cidrs: facts.cidrs, width: facts.width }] : []),
    ...(vpc.length > 0 && vpc.length <= MOST_BLOCKS ? [{ cidrs: vpc, width: 'VPC' as const }] : []),
    { cidrs: families.map((six) => (six ? '::/0' : '0.0.0.0/0')), width: 'anywhere' },
  ];
  const [first, ...others] = choices.map((choice) => addEntries(facts, choice.cidrs, choice.width));
  const fix = first ?? noRoom(facts, '');
  return {
    ...fix,
    owner: 'network owner',
    alternatives: fix.unprovable === undefined ? others.filter((other) => other.unprovable === undefined) : [],
  };
}

function addEntries(facts: AclFacts, cidrs: readonly string[], privilege: Privilege): FixAlternative {
  const free = freeNumbers(facts, cidrs.length);
  const entries = cidrs.map((cidr, i) => ({ cidr, number: free[i] }));
  const flag = `--${facts.direction}`;
  const range = `From=${facts.ports.from},To=${facts.ports.to}`;
  const ports =
    facts.ports.from === facts.ports.to ? `TCP ${facts.ports.from}` : `TCP ${facts.ports.from}-${facts.ports.to}`;
  const summary = `Allow ${ports} ${facts.direction === 'ingress' ? 'from' : 'to'} ${shorten(cidrs)} in ${facts.aclId}, before rule ${facts.before >= 32767 ? '*' : facts.before}.`;
  if (entries.some((entry) => entry.number === undefined)) return noRoom(facts, `${summary} `);
  return {
    summary,
    commands: entries.map(
      ({ cidr, number }) =>
        `aws ec2 create-network-acl-entry --network-acl-id ${facts.aclId} ${flag} --rule-number ${number} --protocol tcp --port-range ${range} ${cidr.includes(':') ? '--ipv6-cidr-block' : '--cidr-block'} ${cidr} --rule-action allow`,
    ),
    undo: entries.map(
      ({ number }) =>
        `aws ec2 delete-network-acl-entry --network-acl-id ${facts.aclId} ${flag} --rule-number ${number}`,
    ),
    terraform: hcl(
      ...entries.map(({ cidr, number }) =>
        resource('aws_network_acl_rule', `${facts.aclId}_${facts.direction}_${number}`, {
          network_acl_id: facts.aclId,
          egress: facts.direction === 'egress',
          rule_number: number,
          rule_action: 'allow',
          protocol: 'tcp',
          from_port: facts.ports.from,
          to_port: facts.ports.to,
          ...(cidr.includes(':') ? { ipv6_cidr_block: cidr } : { cidr_block: cidr }),
        }),
      ),
      UNDO_BY_REMOVAL,
    ),
    privilege,
    ...(facts.before < 32767
      ? {
          caution: `The new rule comes before rule ${facts.before}, which denies on purpose or by mistake: ask who wrote it.`,
        }
      : {}),
    edit: (draft) => {
      const acl = draftElement(draft, 'networkAcls', 'NetworkAclId', facts.aclId);
      if (acl === undefined) return;
      for (const { cidr, number } of entries) {
        acl.Entries = [
          ...(acl.Entries ?? []),
          {
            RuleNumber: number,
            Protocol: '6',
            RuleAction: 'allow',
            Egress: facts.direction === 'egress',
            PortRange: { From: facts.ports.from, To: facts.ports.to },
            ...(cidr.includes(':') ? { Ipv6CidrBlock: cidr } : { CidrBlock: cidr }),
          },
        ];
      }
    },
  };
}

function noRoom(facts: AclFacts, summary: string): FixAlternative {
  return {
    summary: `${summary}No rule number below ${facts.before} is free: renumber the rules of ${facts.aclId} first.`,
    commands: [`aws ec2 describe-network-acls --network-acl-ids ${facts.aclId}`],
    undo: [],
    terraform: comment(
      `Which rules of ${facts.aclId} can be renumbered is for its owner to say; then add an aws_network_acl_rule before rule ${facts.before}.`,
    ),
    unprovable: `there is no free rule number before rule ${facts.before} in ${facts.aclId}`,
  };
}

export function shorten(cidrs: readonly string[]): string {
  return cidrs.length > 4 ? `${cidrs.slice(0, 3).join(', ')} and ${cidrs.length - 3} more` : list(cidrs);
}

/**
 * Free rule numbers before the denying one, from just before it downwards but in steps that leave room. Packets and answers
 * may meet in one ACL and direction, where each is a cause of its own: their rules keep out of each other's numbers.
 */
function freeNumbers(facts: AclFacts, count: number): number[] {
  const used = new Set(facts.usedNumbers);
  const limit = Math.min(facts.before, 32767);
  const below = facts.usedNumbers.filter((number) => number < limit);
  const lane = facts.ports.from === facts.ports.to ? 0 : MOST_BLOCKS;
  const atEnd = limit >= 32767;
  const preferred = atEnd ? Math.min(Math.max(0, ...below) + 10 + lane, 32766) : limit - 1 - lane;
  const out: number[] = [];
  const take = (number: number) => {
    if (number < 1 || number >= limit || used.has(number)) return;
    out.push(number);
    used.add(number);
  };
  for (let i = 0; i < count * 10 && out.length < count; i++) take(atEnd ? preferred + i : preferred - i);
  for (let number = limit - 1; number >= 1 && out.length < count; number--) take(number);
  return out;
}
