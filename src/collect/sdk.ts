/**
 * The AWS SDK behind one function. This module and route53.ts alone import it, by name, and they are themselves imported only
 * when an API call is to be made: the SDK costs time to load, and a bundle keeps just the commands that are named here.
 */
import {
  DescribeDhcpOptionsCommand,
  DescribeEgressOnlyInternetGatewaysCommand,
  DescribeInstancesCommand,
  DescribeInternetGatewaysCommand,
  DescribeNatGatewaysCommand,
  DescribeNetworkAclsCommand,
  DescribeNetworkInterfacesCommand,
  DescribePrefixListsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeTransitGatewayAttachmentsCommand,
  DescribeTransitGatewayVpcAttachmentsCommand,
  DescribeVpcAttributeCommand,
  DescribeVpcEndpointServicesCommand,
  DescribeVpcEndpointsCommand,
  DescribeVpcPeeringConnectionsCommand,
  DescribeVpcsCommand,
  EC2Client,
  GetManagedPrefixListEntriesCommand,
  SearchTransitGatewayRoutesCommand,
} from '@aws-sdk/client-ec2';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { CALLS, CallName } from './calls.ts';
import { ensureHome } from './home.ts';
import { authoritiesOf, type UsableSettings } from './settings.ts';

/** The parameters that this tool ever gives. */
export type CallInput = {
  readonly Filters?: { Name: string; Values: string[] }[];
  /** DescribeNatGateways alone spells it so */
  readonly Filter?: { Name: string; Values: string[] }[];
  readonly ServiceNames?: string[];
  readonly VpcId?: string;
  readonly Attribute?: 'enableDnsSupport' | 'enableDnsHostnames';
  readonly PrefixListId?: string;
  /** Route 53 and its Resolver name the VPC so; the Resolver's DNS Firewall calls, as EC2 does */
  readonly VPCId?: string;
  readonly VPCRegion?: string;
  readonly HostedZoneId?: string;
  readonly FirewallRuleGroupId?: string;
  readonly FirewallDomainListId?: string;
  readonly ResourceId?: string;
  readonly TransitGatewayRouteTableId?: string;
  /** of the resource whose policy is read */
  readonly ResourceArn?: string;
  readonly MaxResults?: number;
  readonly NextToken?: string;
};

export type Api = {
  /** one request, with the SDK's own retries; rejects with the SDK's error */
  readonly send: (name: CallName, input: CallInput, signal: AbortSignal) => Promise<object>;
  readonly close: () => void;
  /**
   * this machine's clock minus the Date of the latest answer, in milliseconds: the SDK keeps the difference, to sign with the
   * service's time; undefined before there was an answer
   */
  readonly clockOffsetMs?: (() => number | undefined) | undefined;
  /** what requests are signed with, which no words of an error may bring into a report; never rejects */
  readonly secrets?: (() => Promise<readonly string[]>) | undefined;
};

export type Attempts = {
  /** milliseconds for one attempt to connect, and again for its answer */
  readonly ms: number;
  /** 1: no retry */
  readonly most: number;
};

export type Send<C> = (client: C, input: CallInput, options: { abortSignal: AbortSignal }) => Promise<object>;

/** A client for EC2. Nothing is sent before the first call. */
export function openEc2(settings: UsableSettings, attempts: Attempts): Api {
  const client = new EC2Client(clientOptions(settings, attempts));
  return opened(client, EC2_CALLS);
}

/** A client for STS. */
export function openSts(settings: UsableSettings, attempts: Attempts): Api {
  const client = new STSClient(clientOptions(settings, attempts));
  return opened(client, {
    GetCallerIdentity: (sts, _input, options) => sts.send(new GetCallerIdentityCommand({}), options),
  } satisfies Partial<Record<CallName, Send<STSClient>>>);
}

type Ec2CallName = { [N in CallName]: (typeof CALLS)[N]['service'] extends 'ec2' ? N : never }[CallName];

const EC2_CALLS = {
  DescribeVpcEndpoints: (ec2, input, options) => ec2.send(new DescribeVpcEndpointsCommand(input), options),
  DescribeNetworkInterfaces: (ec2, input, options) => ec2.send(new DescribeNetworkInterfacesCommand(input), options),
  DescribeSecurityGroups: (ec2, input, options) => ec2.send(new DescribeSecurityGroupsCommand(input), options),
  DescribeNetworkAcls: (ec2, input, options) => ec2.send(new DescribeNetworkAclsCommand(input), options),
  DescribeRouteTables: (ec2, input, options) => ec2.send(new DescribeRouteTablesCommand(input), options),
  DescribeSubnets: (ec2, input, options) => ec2.send(new DescribeSubnetsCommand(input), options),
  DescribeVpcs: (ec2, input, options) => ec2.send(new DescribeVpcsCommand(input), options),
  DescribeVpcAttribute: (ec2, { VpcId, Attribute }, options) =>
    ec2.send(new DescribeVpcAttributeCommand({ VpcId, Attribute }), options),
  DescribeDhcpOptions: (ec2, input, options) => ec2.send(new DescribeDhcpOptionsCommand(input), options),
  DescribePrefixLists: (ec2, input, options) => ec2.send(new DescribePrefixListsCommand(input), options),
  GetManagedPrefixListEntries: (ec2, input, options) =>
    ec2.send(new GetManagedPrefixListEntriesCommand({ PrefixListId: undefined, ...input }), options),
  DescribeNatGateways: (ec2, input, options) => ec2.send(new DescribeNatGatewaysCommand(input), options),
  DescribeInternetGateways: (ec2, input, options) => ec2.send(new DescribeInternetGatewaysCommand(input), options),
  DescribeEgressOnlyInternetGateways: (ec2, input, options) =>
    ec2.send(new DescribeEgressOnlyInternetGatewaysCommand(input), options),
  DescribeVpcPeeringConnections: (ec2, input, options) =>
    ec2.send(new DescribeVpcPeeringConnectionsCommand(input), options),
  DescribeTransitGatewayVpcAttachments: (ec2, input, options) =>
    ec2.send(new DescribeTransitGatewayVpcAttachmentsCommand(input), options),
  DescribeTransitGatewayAttachments: (ec2, input, options) =>
    ec2.send(new DescribeTransitGatewayAttachmentsCommand(input), options),
  SearchTransitGatewayRoutes: (ec2, input, options) =>
    ec2.send(
      new SearchTransitGatewayRoutesCommand({ TransitGatewayRouteTableId: undefined, Filters: undefined, ...input }),
      options,
    ),
  DescribeVpcEndpointServices: (ec2, input, options) =>
    ec2.send(new DescribeVpcEndpointServicesCommand(input), options),
  DescribeInstances: (ec2, input, options) => ec2.send(new DescribeInstancesCommand(input), options),
} satisfies Record<Ec2CallName, Send<EC2Client>>;

/** One client behind one function. */
export function opened<C extends OpenClient>(client: C, calls: Partial<Record<CallName, Send<C>>>): Api {
  return {
    send: async (name, input, signal) => {
      const send = calls[name];
      if (send === undefined) throw new Error(`${name} is no call of this client`);
      return await send(client, input, { abortSignal: signal });
    },
    close: () => client.destroy(),
    secrets: () => secretsOf(client),
    clockOffsetMs: () => {
      const systemClockOffset = client.config?.systemClockOffset ?? 0;
      return systemClockOffset === 0 ? undefined : -systemClockOffset;
    },
  };
}

type OpenClient = {
  readonly destroy: () => void;
  readonly config?: {
    readonly systemClockOffset: number;
    readonly credentials?: () => Promise<{
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
      readonly sessionToken?: string | undefined;
    }>;
  };
};

/** The client has its credentials by the time that an answer is there; without any, there is nothing to keep. */
export async function secretsOf(client: OpenClient): Promise<readonly string[]> {
  try {
    const { accessKeyId, secretAccessKey, sessionToken } = (await client.config?.credentials?.()) ?? {};
    return [accessKeyId, secretAccessKey, sessionToken].filter((text) => text !== undefined);
  } catch {
    return [];
  }
}

/** What every client of the SDK is made with. */
export function clientOptions(settings: UsableSettings, attempts: Attempts) {
  ensureHome();
  const limits = {
    maxAttempts: attempts.most,
    retryMode: 'standard',
    // The option only decides whether running out of time is an error or a warning on the console.
    requestHandler: { connectionTimeout: attempts.ms, requestTimeout: attempts.ms, throwOnRequestTimeout: true },
  };
  if (settings.kind === 'sdk') return settings.region === undefined ? limits : { ...limits, region: settings.region };
  const { region, endpoint, credentials } = settings;
  return {
    ...limits,
    requestHandler: { ...limits.requestHandler, httpsAgent: authoritiesOf(settings) },
    region,
    endpoint,
    credentials,
    // Each of these would otherwise be looked up in the process's environment; `auto` even asks the metadata service.
    defaultsMode: 'legacy' as const,
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
  };
}
