/** What error messages are worded like, and what they usually point to: symptoms.md, error-message dictionary. */

/** Messages that name no host, and the service or workload that they come from (symptoms.md, error-message dictionary). */
export const SOURCES: readonly (readonly [RegExp, 'service' | 'workload', string])[] = [
  [/encryption is not set up on the selected CloudWatch Logs/i, 'service', 'logs'],
  [/Error when querying S3 bucket|AccessDenied.{0,80}layer bucket/i, 'service', 's3'],
  [/validate logger args|Cloudwatch log stream|DockerTimeoutError/i, 'service', 'logs'],
  [/SSM Agent hibernate|RequestManagedInstanceRoleToken/i, 'workload', 'ssm'],
  [/TargetNotConnected|SSM Agent is not online|Starting session with SessionId/i, 'workload', 'session-manager'],
  [/unable to (?:pull secrets|retrieve ecr registry auth)|registry auth/i, 'workload', 'ecs-fargate'],
  [/CannotPullContainer|error parsing HTTP 403 response body/i, 'workload', 'ecr-pull'],
  [/Error connecting to ACS/i, 'workload', 'ecs-ec2'],
  [/NodeCreationFailure|IPAM-D|cni config uninitialized/i, 'workload', 'eks-node'],
  [/Cannot reach InstanceService/i, 'workload', 'codedeploy'],
  [/WaitCondition timed out|resource signal\(s\)|response from your Custom Resource/i, 'workload', 'cloudformation'],
  [
    /S3 endpoint validation failed|route to an S3 VPC endpoint|PrivateDnsOnlyForInboundResolverEndpoint/i,
    'service',
    's3',
  ],
  [/WebIdentityErr/i, 'service', 'sts'],
];

/** First match wins: what was refused by a policy reached the service, and so on down to plain silence. */
export const HYPOTHESES: readonly (readonly [RegExp, string])[] = [
  [/no VPC endpoint policy allows/i, 'The network works: the endpoint policy has no Allow that fits the request.'],
  [/explicit deny in a VPC endpoint policy/i, 'The network works: the endpoint policy denies the request.'],
  [
    /because no [a-z -]+ polic(?:y|ies) allows|with an explicit deny in/i,
    'The service answered, so the network works; a policy demanding aws:SourceVpce or aws:SourceVpc also fails when the request came by another path than the endpoint.',
  ],
  [
    /not authorized to perform: execute-api|ForbiddenException|\{"message": ?"Forbidden"\}/i,
    "A private execute-api endpoint answered: its private DNS captures public APIs too, or the API's resource policy denies this endpoint.",
  ],
  [
    /UnknownOperationException/i,
    'The network works, but another service than the one that was meant answered: look for a sibling endpoint name.',
  ],
  [
    /error parsing HTTP 403 response body|Status code: 403|403 Forbidden/i,
    'S3 answered and refused: an S3 endpoint policy usually shuts out a bucket that AWS or a third party owns.',
  ],
  [
    /Credential should be scoped to a valid region, not 'vpce'/i,
    'The Region for the signature was read from the name of an endpoint: set the Region, or call the service by its own name.',
  ],
  [
    /AWS was not able to validate the provided access credentials/i,
    'The service answered, so the network works: the credentials are wrong, or the clock of this machine is off.',
  ],
  [
    /PermanentRedirect|must be addressed using the specified endpoint/i,
    'S3 answered: the bucket is in another Region than the host that was called, and an endpoint serves its own Region only.',
  ],
  [
    /EC2MetadataError.{0,200}status code: 401/is,
    'The metadata service answered and demands IMDSv2, which this client does not speak.',
  ],
  [/RequestTimeTooSkewed|Signature expired|Signature not yet current/i, 'The clock of this machine is off.'],
  [
    /encryption is not set up on the selected CloudWatch Logs/i,
    'The agent could not ask CloudWatch Logs about the log group: reachability or IAM, not encryption.',
  ],
  [
    /NoCredentialProviders|no EC2 IMDS role|CredentialsEndpointError|Missing credentials|Unable to locate credentials/i,
    'No credentials were found: the metadata service is off, out of hops from a container, or sent through a proxy.',
  ],
  [
    /proxyconnect|HTTP proxy|ProxyError/i,
    'The connection went to a proxy: NO_PROXY does not exempt the host, or the proxy setting is wrong.',
  ],
  [
    /certificate is valid for|not in the cert's altnames|Hostname mismatch|doesn't match/i,
    "The certificate does not cover the name that the client used: an endpoint's own vpce name, or a machine in between.",
  ],
  [
    /unknown authority|self.signed certificate|local issuer certificate|Invalid server certificate|PKIX path/i,
    'The certificate is not trusted: a machine in between presents its own, or this machine lacks the root certificates.',
  ],
  [
    /TLS handshake timeout|handshake timed out/i,
    'TCP opened and the TLS greeting got no answer: a firewall that filters by name or drops a split greeting, or packets too large for the path.',
  ],
  [
    /conflicting DNS domain|ConflictingDomainExists/i,
    'Another endpoint or a private hosted zone already owns the name in the VPC.',
  ],
  [/requires both enableDnsSupport/i, 'The DNS attributes of the VPC are off.'],
  [
    /does not provide a private DNS name/i,
    'The service offers no private DNS, or its provider has not verified the name: use the vpce name.',
  ],
  [
    /InvalidServiceName|Vpc Endpoint Service .{1,300} does not exist/i,
    'The endpoint service does not exist under this name in this Region, or its provider does not allow this account.',
  ],
  [/does not support the availability zone/i, 'The endpoint service is not offered in the zone of the subnet.'],
  [
    /PrivateDnsOnlyForInboundResolverEndpoint to true/i,
    'An S3 interface endpoint with private DNS for inbound resolvers only needs an S3 gateway endpoint in the same VPC.',
  ],
  [
    /zones are supported for remote access/i,
    'A cross-Region endpoint cannot stand in every zone: choose subnets of the zones that the message lists.',
  ],
  [
    /DuplicateSubnetsInSameZone/i,
    'An endpoint takes one subnet for each zone, and that one serves the whole zone: what keeps a client out is a security group or network ACL.',
  ],
  [
    /multiple VPC Endpoint Services matched/i,
    'The service has an endpoint service of each type (Gateway and Interface): the type must be said.',
  ],
  [/unexpected state 'pending(?:Acceptance)?'/i, 'The endpoint waits for its provider to accept it.'],
  [/RSLVR-00804/, 'A Resolver rule sends queries back into the VPC that they come from: a loop.'],
  [
    /ErrorPortAllocation/,
    'The NAT gateway has no source ports left for this destination: fewer connections, or an endpoint.',
  ],
  [
    /Cancelled in-flight API_VERSIONS request/i,
    'TCP opened and the broker closed it: the listener speaks another protocol or authentication than the client, which no security group decides.',
  ],
  [
    /Failed to discover the endpoint|EndpointDiscoveryRefreshFailed/i,
    'The SDK asks a discovery host of its own, which the endpoint does not cover or which cannot be reached.',
  ],
  [
    /production\.cloudflare\.docker\.com|\.cloudfront\.net/i,
    'The layers come from the delivery network of a public registry: no VPC endpoint covers it.',
  ],
  [
    /DockerTimeoutError|validate logger args|create Cloudwatch log stream/i,
    'The log driver waits for CloudWatch Logs, and the container does not start without it: the logs endpoint is missing or closed.',
  ],
  [/deprecated endpoint/i, 'The client calls a legacy host that no endpoint covers.'],
  [
    /no such host|ENOTFOUND|NXDOMAIN|Could not resolve host|Name or service not known|Failed to resolve ['"]|nodename nor servname/i,
    'The name was not found: a private zone hides it, no such host exists, or the resolver is not the one of the VPC.',
  ],
  [
    /EAI_AGAIN|lookup [^\n]{1,300}(?:i\/o timeout|server misbehaving)|dial tcp: i\/o timeout|All nameservers failed|UnknownHostException|Temporary failure in name resolution/i,
    'The resolver did not answer: a resolver of your own that cannot be reached, or too many queries.',
  ],
  [
    /connection refused|ECONNREFUSED/i,
    "Something answered and refused the port: a missing listener, a proxy or mesh sidecar, or this machine's own firewall.",
  ],
  [
    /connection reset|ECONNRESET|socket hang up|broken pipe/i,
    'The connection was cut: an idle timeout of 350 seconds on the way, or a stateful firewall.',
  ],
  [
    /network is unreachable|ENETUNREACH|EHOSTUNREACH|No route to host/i,
    'This machine or its subnet has no route to the address.',
  ],
  [
    /WaitCondition timed out|resource signal\(s\)|response from your Custom Resource/i,
    'No answer reached CloudFormation: its endpoint cannot be reached, or an S3 endpoint policy shuts out the bucket for the answers.',
  ],
  [
    /i\/o timeout|timed? ?out|ETIMEDOUT|Client\.Timeout|deadline exceeded|request canceled|Could not connect|Inaccessible host|context canceled/i,
    'Nothing answered. For an address inside the VPC look at security groups and network ACLs first, for any other at DNS, private DNS and routes.',
  ],
  [
    /WebIdentityErr/i,
    'STS gave no credentials: its host cannot be reached, often because the SDK calls sts.amazonaws.com, which no endpoint covers.',
  ],
  [
    /SSM Agent hibernate|RequestManagedInstanceRoleToken/i,
    'The SSM agent cannot reach Systems Manager, or is not allowed to: the address in the message tells which.',
  ],
  [
    /TargetNotConnected|SSM Agent is not online/i,
    'The agent has no channel to ssmmessages: its endpoint is missing or closed, or the agent does not run.',
  ],
  [
    /Starting session with SessionId/i,
    'The session opened and nothing follows: a proxy holds the WebSocket up, or the agent waits two minutes for CloudWatch Logs.',
  ],
  [
    /Error when querying S3 bucket/i,
    'The agent asks S3 over port 80 too, and by a global host: rules for 443 alone do not admit it.',
  ],
  [
    /unable to (?:pull secrets|retrieve ecr registry auth)|registry auth/i,
    'A task got neither its registry login nor its secrets: what follows in the message tells network (a timeout) from permission (AccessDenied).',
  ],
  [
    /Error connecting to ACS/i,
    'The ECS agent has no channel to its control plane: the ecs-agent endpoint is missing, or a proxy does not pass WebSockets.',
  ],
  [
    /NodeCreationFailure/i,
    'The node could not join: one of ec2, ecr, s3, sts or eks cannot be reached, or an endpoint does not admit it.',
  ],
  [/IPAM-D|cni config uninitialized/i, 'The VPC CNI cannot reach EC2 or STS.'],
  [
    /Cannot reach InstanceService/i,
    'The CodeDeploy agent calls codedeploy-commands-secure, which has an endpoint of its own, not codedeploy.',
  ],
  [
    /S3 endpoint validation failed|route to an S3 VPC endpoint/i,
    "The route table of that subnet has no route to S3's gateway endpoint.",
  ],
];
