/** The report: what `diagnose` concludes, as plain data. Field names are a public interface (design.md, schemaVersion 1). */

import type { AnswerClass } from '../network/answer-class.ts';
import type { CoverageEntry } from './case.ts';
import type { CauseCode, Layer } from './codes.ts';
import type { Observation } from './observation.ts';
import type { Missing } from './state.ts';

export type Verdict = 'healthy' | 'degraded' | 'blocked' | 'inconclusive';
export type TargetStatus = 'reachable' | 'degraded' | 'unreachable' | 'unknown';
export type Severity = 'blocking' | 'degrading' | 'advice';
export type Standing = 'confirmed' | 'likely' | 'modelled';
export type Owner =
  | 'endpoint owner'
  | 'network owner'
  | 'DNS owner'
  | 'host owner'
  | 'service provider'
  | 'application owner'
  | 'resource owner'
  | 'IAM owner'
  | 'organization owner';

/** One gate or hop of the drawn path. */
export type Hop = {
  /** `client`, `client-sg-egress`, `client-nacl-egress`, `route`, `endpoint-nacl-ingress`, `endpoint-sg-ingress`, `interface`, `endpoint-nacl-return`, `client-nacl-return`, … */
  readonly gate: string;
  /** what is drawn: `sg-0c1 out`, `local route`, `10.0.2.14` */
  readonly label: string;
  readonly resource?: string | undefined;
  readonly result: 'pass' | 'partial' | 'block' | 'unknown' | 'skipped' | 'end';
  readonly note?: string | undefined;
};

export type HopList = {
  /** the address or CIDR set this path leads to */
  readonly to: string;
  readonly networkInterfaceId?: string | undefined;
  readonly availabilityZone?: string | undefined;
  readonly result: 'pass' | 'partial' | 'block' | 'unknown';
  readonly hops: readonly Hop[];
};

/** What one resolver, or the hosts file, says of a name, for the addresses of one kind. */
export type ReportAnswer = {
  /** the resolver's address, with ` (TCP)` where it was asked so, or the hosts file's line */
  readonly resolver: string;
  readonly name: string;
  readonly type: 'A' | 'AAAA';
  /** sorted; empty when there was no address */
  readonly addresses: readonly string[];
  /** whose these addresses are; absent without addresses */
  readonly class?: AnswerClass | undefined;
  /** which endpoint or interface, or why there is no address */
  readonly words: string;
};

/** One address of a target, and what became of it on each rung; a rung that was not asked is absent. */
export type TargetAddress = {
  readonly zone?: string | undefined;
  readonly zoneId?: string | undefined;
  readonly address: string;
  readonly networkInterfaceId?: string | undefined;
  /** whether the client's own resolvers give it for the name; absent when they were not asked */
  readonly named?: boolean | undefined;
  /** the outcome when all tries agree, `2 of 4` succeeded when they do not */
  readonly tcp?: string | undefined;
  readonly tls?: string | undefined;
  readonly https?: string | undefined;
};

export type ReportTarget = {
  readonly id: string;
  readonly requested: readonly string[];
  readonly host?: string | undefined;
  readonly address?: string | undefined;
  readonly port: number;
  readonly service?: string | undefined;
  readonly status: TargetStatus;
  /** one sentence: what was seen, or what the model says */
  readonly summary: string;
  /** `vpce-0aa (interface)`, `vpce-0bb (gateway)`, `public` */
  readonly intendedPath?: string | undefined;
  /** what the packets (or, without packets, the model) really take: `vpce-0aa`, `nat-…`, `igw-…`, `public`, `none`, `unknown` */
  readonly actualPath?: string | undefined;
  /** one list per network interface of the endpoint, or one for a gateway endpoint or the public path */
  readonly hops: readonly HopList[];
  readonly causes: readonly CauseCode[];
  /** who answers what; absent when no name was looked up */
  readonly answers?: readonly ReportAnswer[] | undefined;
  /** every address that the name or the endpoint has, in the order of the endpoint's interfaces */
  readonly addresses?: readonly TargetAddress[] | undefined;
  /** what the users of the workload that it belongs to see while it cannot be reached */
  readonly consequence?: string | undefined;
};

/** The address in a pasted error text, beside what the name gives now. */
export type PastedAddress = {
  readonly target: string;
  readonly address: string;
  /** what the name gives now; empty when it gives nothing */
  readonly gives: readonly string[];
  /** whether the pasted address is among them */
  readonly current: boolean;
  /** one or more sentences */
  readonly summary: string;
};

export type Because = {
  readonly source: 'configuration' | 'probe' | 'host' | 'rule';
  readonly text: string;
  /** a resource id, an observation id or a file and line */
  readonly ref?: string | undefined;
};

/** How much a change admits, from the narrowest on: the order in which alternatives stand. */
export const PRIVILEGES = [
  /** the interfaces in one security group, whatever their addresses */
  'security group',
  /** one service's published addresses */
  'prefix list',
  'address',
  'subnet',
  'VPC',
  'anywhere',
] as const;
export type Privilege = (typeof PRIVILEGES)[number];

/** Somebody else that a change reaches, as the model sees it afterwards. */
export type BlastRadiusLoss = {
  readonly subnetId: string;
  /** absent where the subnet stands for any client in it */
  readonly networkInterfaceId?: string | undefined;
  readonly address?: string | undefined;
  readonly target: string;
  /** the gates that would close it, or where it would lead */
  readonly because: string;
};

/** What a change does beyond this client, computed on the model. */
export type BlastRadius = {
  /** one or two sentences for the reader */
  readonly summary: string;
  /** subnets that the change reaches besides the client's own */
  readonly subnets: readonly string[];
  /** who would lose a target that it may be using today */
  readonly breaks: readonly BlastRadiusLoss[];
  /** subnets of which the model cannot tell, by lack of state or because there were too many */
  readonly unknown: readonly string[];
};

export type ReportFixAlternative = {
  readonly summary: string;
  readonly commands: readonly string[];
  readonly undo: readonly string[];
  readonly diff?: string | undefined;
  readonly terraform?: string | undefined;
  readonly privilege?: Privilege | undefined;
  readonly proof: ReportFix['proof'];
  readonly reason: string;
  readonly caution?: string | undefined;
};

export type ReportFix = {
  readonly summary: string;
  readonly commands: readonly string[];
  readonly undo: readonly string[];
  readonly owner: Owner;
  /** `opens`: with this alone the model opens a target; `necessary`: needed, together with others; `unproven`: the model cannot show it */
  readonly proof: 'opens' | 'necessary' | 'unproven';
  readonly reason: string;
  /** the change to a policy, as a unified diff */
  readonly diff?: string | undefined;
  /** what else this change does */
  readonly caution?: string | undefined;
  /** the same as HCL; where Terraform cannot express it, comments say so */
  readonly terraform?: string | undefined;
  /** how much it admits; absent when it admits nothing new */
  readonly privilege?: Privilege | undefined;
  /** other ways, least privilege first */
  readonly alternatives?: readonly ReportFixAlternative[] | undefined;
  /** absent when the change reaches nobody else */
  readonly blastRadius?: BlastRadius | undefined;
};

export type ReportCause = {
  readonly rank: number;
  readonly code: CauseCode;
  readonly title: string;
  readonly layer: Layer;
  readonly severity: Severity;
  readonly standing: Standing;
  /** one or two sentences with the resource ids in them */
  readonly summary: string;
  readonly targets: readonly string[];
  readonly resources: readonly string[];
  /** ids of the observations that this cause explains */
  readonly explains: readonly string[];
  readonly because: readonly Because[];
  readonly fix: ReportFix;
  readonly reachabilityAnalyzerCode?: string | undefined;
};

export type RuledOut = {
  readonly code: CauseCode;
  readonly title: string;
  readonly because: string;
  readonly targets: readonly string[];
};
export type Undecided = {
  readonly code: CauseCode;
  readonly title: string;
  readonly targets: readonly string[];
  readonly missing: readonly Missing[];
  /** whether the answer could change the verdict */
  readonly matters: boolean;
};
export type Contradicted = {
  readonly code: CauseCode;
  readonly title: string;
  readonly summary: string;
  readonly targets: readonly string[];
  readonly resources: readonly string[];
  /** what the packets showed instead */
  readonly observed: string;
  readonly observations: readonly string[];
  /** what could explain the difference */
  readonly couldBe: readonly string[];
};

export type FixPlan = {
  /** ranks of causes, in the order to apply */
  readonly steps: readonly number[];
  /** targets that the model opens once all steps are done */
  readonly opens: readonly string[];
  /** targets that stay closed, or of which the model cannot tell */
  readonly remaining: readonly string[];
  /**
   * those of `remaining` that the model holds open: what keeps them closed is no part of it (the host, TLS, a middlebox), so
   * that only another run can tell; with the ranks of these causes
   */
  readonly beyondModel?: { readonly targets: readonly string[]; readonly steps: readonly number[] } | undefined;
  readonly undo: readonly string[];
  /** for each broken target the smallest sets of causes (by rank) whose fixes open it on the model; empty when none does */
  readonly perTarget?:
    | readonly { readonly target: string; readonly sets: readonly (readonly number[])[] }[]
    | undefined;
};

export type ReportVantage = {
  readonly kind: string;
  readonly region?: string | undefined;
  readonly accountId?: string | undefined;
  readonly instanceId?: string | undefined;
  readonly vpcId?: string | undefined;
  readonly subnetId?: string | undefined;
  readonly availabilityZone?: string | undefined;
  readonly availabilityZoneId?: string | undefined;
  readonly networkInterfaceId?: string | undefined;
  readonly addresses: readonly string[];
  readonly securityGroupIds: readonly string[];
  readonly resolvers: readonly string[];
  readonly ephemeralPorts: { readonly from: number; readonly to: number; readonly source: string };
  readonly notes: readonly string[];
};

export type Report = {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: string; readonly version: string };
  readonly startedAt: string;
  readonly durationMs: number;
  readonly verdict: Verdict;
  /** one sentence for the first line of a ticket */
  readonly headline: string;
  readonly vantage: ReportVantage;
  readonly targets: readonly ReportTarget[];
  readonly causes: readonly ReportCause[];
  readonly fixPlan: FixPlan;
  readonly contradicted: readonly Contradicted[];
  readonly ruledOut: readonly RuledOut[];
  readonly undecided: readonly Undecided[];
  readonly unexplained: readonly string[];
  /** what could explain `unexplained`, what this run speaks for first; absent when all is explained */
  readonly unexplainedCouldBe?: readonly string[] | undefined;
  /** what this run did not look at, one sentence each */
  readonly notChecked: readonly string[];
  /** present when an error text was pasted that has an address beside the host */
  readonly pasted?: readonly PastedAddress[] | undefined;
  readonly observations: readonly Observation[];
  readonly coverage: readonly CoverageEntry[];
  readonly warnings: readonly string[];
};
