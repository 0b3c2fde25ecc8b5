/** What a request carries, by who asks, for what, and by which way. */
import type { ThroughEndpoint } from '../../../src/policy/context.ts';
import { KEYS, type Key, VARIABLES } from './support.ts';

/** page, who asks, action, resource, through which endpoint, key, its value */
export type ContextRow = readonly [
  string,
  string | undefined,
  string,
  string,
  ThroughEndpoint | undefined,
  string,
  Key,
];

const USER = 'arn:aws:iam::111122223333:user/team/Bob';
const ROLE = 'arn:aws:iam::111122223333:role/team/app';
const SESSION = 'arn:aws:sts::111122223333:assumed-role/app/i-1';
const FEDERATED = 'arn:aws:sts::111122223333:federated-user/Eve';
const GET = 's3:GetObject';
const OBJECT = 'arn:aws:s3:::bucket/a';
const QUEUE = 'arn:aws:sqs:eu-west-1:444455556666:q';
const SERVICE = 'logging.s3.amazonaws.com';

export const CONTEXT_ROWS: readonly ContextRow[] = [
  [KEYS, undefined, GET, OBJECT, undefined, 'aws:SourceVpce', 'unknown'],
  [KEYS, undefined, GET, OBJECT, undefined, 'aws:SourceIp', 'unknown'],
  [KEYS, undefined, GET, OBJECT, {}, 'aws:SourceVpce', 'present'],
  [KEYS, undefined, GET, OBJECT, {}, 'aws:SourceVpc', 'present'],
  [KEYS, undefined, GET, OBJECT, {}, 'aws:VpcSourceIp', 'present'],
  [KEYS, undefined, GET, OBJECT, {}, 'aws:SourceIp', 'absent'],
  [KEYS, undefined, GET, OBJECT, { vpceId: 'vpce-1', vpcId: 'vpc-1' }, 'aws:SourceVpce', ['vpce-1']],
  [KEYS, undefined, GET, OBJECT, { vpceId: 'vpce-1', vpcId: 'vpc-1' }, 'aws:SourceVpc', ['vpc-1']],
  [KEYS, undefined, GET, OBJECT, {}, 'aws:ViaAWSService', ['false']],
  [KEYS, undefined, GET, OBJECT, undefined, 'aws:ViaAWSService', 'unknown'],
  [KEYS, undefined, 'ec2:DescribeVpcs', '*', {}, 'aws:ViaAWSService', 'unknown'],
  [KEYS, USER, GET, OBJECT, {}, 'aws:CalledVia', 'absent'],
  [KEYS, USER, GET, OBJECT, {}, 'aws:SourceArn', 'absent'],
  [KEYS, USER, GET, OBJECT, undefined, 'aws:SourceArn', 'unknown'],
  [KEYS, SERVICE, GET, OBJECT, {}, 'aws:SourceArn', 'unknown'],
  [KEYS, undefined, GET, OBJECT, undefined, 'aws:CurrentTime', 'present'],
  [KEYS, undefined, GET, OBJECT, undefined, 'aws:SecureTransport', 'present'],
  [KEYS, undefined, GET, OBJECT, undefined, 'aws:RequestedRegion', 'present'],
  [KEYS, undefined, GET, OBJECT, undefined, 'aws:ResourceAccount', 'unknown'],
  [KEYS, undefined, 'sqs:SendMessage', QUEUE, undefined, 'aws:ResourceAccount', ['444455556666']],
  [KEYS, undefined, GET, OBJECT, undefined, 'aws:PrincipalArn', 'unknown'],
  [KEYS, USER, GET, OBJECT, undefined, 'aws:PrincipalArn', [USER]],
  [KEYS, USER, GET, OBJECT, undefined, 'aws:PrincipalAccount', ['111122223333']],
  [KEYS, USER, GET, OBJECT, undefined, 'aws:PrincipalOrgID', 'unknown'],
  [KEYS, USER, GET, OBJECT, undefined, 'aws:PrincipalTag/team', 'unknown'],
  [KEYS, USER, GET, OBJECT, undefined, 'aws:PrincipalIsAWSService', ['false']],
  [KEYS, USER, GET, OBJECT, undefined, 'aws:TokenIssueTime', 'unknown'],
  [VARIABLES, USER, GET, OBJECT, undefined, 'aws:username', ['Bob']],
  [VARIABLES, USER, GET, OBJECT, undefined, 'aws:userid', 'present'],
  [VARIABLES, USER, GET, OBJECT, undefined, 'aws:PrincipalType', ['User']],
  [KEYS, ROLE, GET, OBJECT, undefined, 'aws:PrincipalArn', [ROLE]],
  [KEYS, SESSION, GET, OBJECT, undefined, 'aws:PrincipalArn', 'present'],
  [KEYS, SESSION, GET, OBJECT, undefined, 'aws:TokenIssueTime', 'present'],
  [VARIABLES, SESSION, GET, OBJECT, undefined, 'aws:username', 'absent'],
  [VARIABLES, SESSION, GET, OBJECT, undefined, 'aws:PrincipalType', ['AssumedRole']],
  [VARIABLES, SESSION, GET, OBJECT, undefined, 'aws:userid', 'present'],
  [VARIABLES, '111122223333', GET, OBJECT, undefined, 'aws:PrincipalType', ['Account']],
  [VARIABLES, '111122223333', GET, OBJECT, undefined, 'aws:userid', ['111122223333']],
  [VARIABLES, '111122223333', GET, OBJECT, undefined, 'aws:username', 'absent'],
  [KEYS, '111122223333', GET, OBJECT, undefined, 'aws:PrincipalArn', ['arn:aws:iam::111122223333:root']],
  [VARIABLES, FEDERATED, GET, OBJECT, undefined, 'aws:PrincipalType', ['FederatedUser']],
  [VARIABLES, FEDERATED, GET, OBJECT, undefined, 'aws:userid', ['111122223333:Eve']],
  [VARIABLES, FEDERATED, GET, OBJECT, undefined, 'aws:username', 'absent'],
  [VARIABLES, '*', GET, OBJECT, undefined, 'aws:PrincipalType', ['Anonymous']],
  [VARIABLES, '*', GET, OBJECT, undefined, 'aws:username', 'absent'],
  [KEYS, '*', GET, OBJECT, undefined, 'aws:PrincipalArn', 'absent'],
  [KEYS, '*', GET, OBJECT, undefined, 'aws:PrincipalOrgID', 'absent'],
  // The pages contradict one another: "anonymous", or not carried.
  [VARIABLES, '*', GET, OBJECT, undefined, 'aws:userid', 'unknown'],
  [KEYS, SERVICE, GET, OBJECT, undefined, 'aws:PrincipalIsAWSService', ['true']],
  [KEYS, SERVICE, GET, OBJECT, undefined, 'aws:PrincipalServiceName', [SERVICE]],
  [KEYS, SERVICE, GET, OBJECT, undefined, 'aws:PrincipalArn', 'unknown'],
];
