/** Where the run stands: the client's own addresses, groups, subnet, resolvers, and settings that bend its traffic. */

import type { MetadataOutcome } from './observation.ts';

export const VANTAGE_KINDS = ['ec2', 'ecs-ec2', 'ecs-fargate', 'eks-pod', 'lambda', 'host', 'given'] as const;
/** `host`: no metadata service was found; `given`: set by `--from` or by a state file, this machine is not the client. */
export type VantageKind = (typeof VANTAGE_KINDS)[number];

/** One of the client's network interfaces as the metadata service or the EC2 API describes it. */
export type ClientInterface = {
  readonly networkInterfaceId?: string | undefined;
  readonly macAddress?: string | undefined;
  readonly deviceNumber?: number | undefined;
  readonly vpcId?: string | undefined;
  readonly subnetId?: string | undefined;
  readonly ownerId?: string | undefined;
  /** IPv4 first, then IPv6 */
  readonly addresses: readonly string[];
  readonly publicAddresses: readonly string[];
  readonly securityGroupIds: readonly string[];
  readonly subnetCidr?: string | undefined;
  /** primary first */
  readonly vpcCidrs: readonly string[];
};

/** One line of the hosts file. */
export type HostsEntry = {
  /** 1 for the first line */
  readonly line: number;
  readonly address: string;
  readonly names: readonly string[];
};

export type LocalInterface = {
  readonly name: string;
  readonly address: string;
  readonly prefixLength: number;
  /** bytes; absent where it could not be read */
  readonly mtu?: number | undefined;
};

export type LocalRoute = {
  /** CIDR; `0.0.0.0/0` is the default route */
  readonly destination: string;
  readonly gateway?: string | undefined;
  readonly device: string;
  readonly metric: number;
};

export type ProxySettings = {
  /** with credentials cut out */
  readonly httpsProxy?: string | undefined;
  readonly httpProxy?: string | undefined;
  readonly allProxy?: string | undefined;
  readonly noProxy?: string | undefined;
};

export type SdkSettings = {
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  /** `AWS_ENDPOINT_URL` under '', `AWS_ENDPOINT_URL_S3` under 's3' … */
  readonly endpointUrls: Readonly<Record<string, string>>;
  /** where each of them is set: `AWS_ENDPOINT_URL_S3`, `the profile dev` */
  readonly endpointUrlSources?: Readonly<Record<string, string>> | undefined;
  readonly useFips?: boolean | undefined;
  readonly useDualstack?: boolean | undefined;
  /** where `region` comes from: `AWS_REGION`, `the profile dev`, `--region` */
  readonly regionSource?: string | undefined;
  /** where credentials would come from besides the metadata service, as far as the environment tells; never their values */
  readonly credentialSources?: readonly CredentialSource[] | undefined;
};

export const CREDENTIAL_SOURCES = ['environment', 'web-identity', 'container', 'profile'] as const;
export type CredentialSource = (typeof CREDENTIAL_SOURCES)[number];

/** How the token request to the instance metadata service ended. */
export type MetadataSight = {
  readonly outcome: MetadataOutcome;
  readonly address: string;
  readonly port: number;
  readonly status?: number | undefined;
  /** whether TCP connected: what is lost after that was lost for want of hops, or held back */
  readonly connected?: boolean | undefined;
  readonly code?: string | undefined;
  /** milliseconds, whole numbers */
  readonly ms: number;
};

/**
 * This machine's clock beside others'. The instance metadata service stamps its answers with a time that is not this
 * machine's, over plain HTTP: it can be read when the clock is so far off that no certificate is accepted. The ECS agent's
 * endpoint shares the clock of the host and is no witness.
 */
export type ClockReadings = {
  /** this machine's time when the vantage was taken, ISO 8601 */
  readonly at: string;
  /** `offsetMs`: this machine's clock minus the source's Date header, in milliseconds */
  readonly readings: readonly { readonly source: ClockSource; readonly offsetMs: number }[];
};
export const CLOCK_SOURCES = ['instance-metadata', 'ec2-api'] as const;
export type ClockSource = (typeof CLOCK_SOURCES)[number];

/** A file of root certificates that programs on this machine take their trust from; Node's own roots are not among them. */
export type TrustStore = {
  /** `system`, the environment variable that names it (`SSL_CERT_FILE`, `AWS_CA_BUNDLE` …), or the profile's `ca_bundle` */
  readonly source: string;
  readonly path: string;
  /** how many certificates it holds */
  readonly certificates: number;
  /** the authorities among them that AWS services' certificates can lead to, by common name */
  readonly amazonRoots: readonly string[];
  readonly problem?: 'not-readable' | 'no-certificates' | undefined;
};

export type EphemeralPorts = {
  readonly from: number;
  readonly to: number;
  /** `kernel` was read from this machine; `assumed` is Linux's default */
  readonly source: 'kernel' | 'assumed' | 'given';
};

export type Vantage = {
  readonly kind: VantageKind;
  readonly region?: string | undefined;
  readonly partition?: string | undefined;
  readonly accountId?: string | undefined;
  readonly instanceId?: string | undefined;
  readonly vpcId?: string | undefined;
  readonly subnetId?: string | undefined;
  readonly availabilityZone?: string | undefined;
  readonly availabilityZoneId?: string | undefined;
  readonly networkInterfaceId?: string | undefined;
  /** source addresses of the interface that is used: at most one IPv4 and one IPv6, IPv4 first */
  readonly addresses: readonly string[];
  readonly publicAddresses: readonly string[];
  readonly securityGroupIds: readonly string[];
  /** primary first, when the metadata service tells */
  readonly vpcCidrs: readonly string[];
  readonly interfaces: readonly ClientInterface[];
  /** nameservers of resolv.conf in order; empty when it could not be read */
  readonly resolvers: readonly { readonly address: string; readonly port: number }[];
  readonly searchDomains: readonly string[];
  readonly ndots: number;
  readonly hosts: readonly HostsEntry[];
  readonly ephemeralPorts: EphemeralPorts;
  readonly localInterfaces: readonly LocalInterface[];
  readonly localRoutes: readonly LocalRoute[];
  readonly proxy: ProxySettings;
  readonly sdk: SdkSettings;
  /** absent in cases of older versions and where this machine is not the client */
  readonly clock?: ClockReadings | undefined;
  /** what applications on this machine trust; absent when nobody looked */
  readonly trustStores?: readonly TrustStore[] | undefined;
  /** absent when the service was not asked, or might not be */
  readonly metadata?: MetadataSight | undefined;
  /** whether this process runs in a container */
  readonly container?: boolean | undefined;
  /** whether the firmware says that this is an EC2 machine: told without the metadata service */
  readonly ec2Machine?: boolean | undefined;
  /** what could not be found out and why, one sentence each */
  readonly notes: readonly string[];
};

/** Linux's default (`net.ipv4.ip_local_port_range`); assumed, and said, when the client's own is not known. */
export const DEFAULT_EPHEMERAL_PORTS: EphemeralPorts = { from: 32768, to: 60999, source: 'assumed' };

/** A vantage of which nothing is known. */
export function emptyVantage(kind: VantageKind): Vantage {
  return {
    kind,
    addresses: [],
    publicAddresses: [],
    securityGroupIds: [],
    vpcCidrs: [],
    interfaces: [],
    resolvers: [],
    searchDomains: [],
    ndots: 1,
    hosts: [],
    ephemeralPorts: DEFAULT_EPHEMERAL_PORTS,
    localInterfaces: [],
    localRoutes: [],
    proxy: {},
    sdk: { endpointUrls: {} },
    notes: [],
  };
}

/**
 * The Region whose hosts an application on this machine calls when it names a service: what is configured wins over where the
 * machine stands, as for the SDKs (https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html).
 */
export function calledRegion(vantage: Pick<Vantage, 'region' | 'sdk'>): string | undefined {
  return vantage.sdk.region ?? vantage.region;
}

/** The Region that the machine stands in, as far as its zone tells; what `--region` says does not move it. */
export function homeRegion(vantage: Pick<Vantage, 'region' | 'availabilityZone'>): string | undefined {
  return /^[a-z]{2,}(?:-[a-z]+)+-\d+/.exec(vantage.availabilityZone ?? '')?.[0] ?? vantage.region;
}
