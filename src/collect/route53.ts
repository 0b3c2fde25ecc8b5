/** Route 53 through the SDK, and its Resolver by signed requests of our own. Imported only when an answer calls for it. */
import {
  ListHostedZonesByVPCCommand,
  ListResourceRecordSetsCommand,
  type ListResourceRecordSetsCommandInput,
  Route53Client,
  type VPCRegion,
} from '@aws-sdk/client-route-53';
import type { CallName } from './calls.ts';
import { type Api, type Attempts, clientOptions, opened, type Send } from './sdk.ts';
import type { UsableSettings } from './settings.ts';
import { callJson, openSigned } from './signed-requests.ts';

/** A client for Route 53: one endpoint for all Regions of a partition. Nothing is sent before the first call. */
export function openRoute53(settings: UsableSettings, attempts: Attempts): Api {
  return opened(new Route53Client(clientOptions(settings, attempts)), {
    ListHostedZonesByVPC: (client, { VPCId, VPCRegion, NextToken }, options) =>
      // The SDK's list of Regions is as old as the SDK; the API takes the newest.
      client.send(
        new ListHostedZonesByVPCCommand({ VPCId, VPCRegion: VPCRegion as VPCRegion | undefined, NextToken }),
        options,
      ),
    ListResourceRecordSets: async (client, { HostedZoneId, NextToken }, options) => {
      const output = await client.send(
        new ListResourceRecordSetsCommand({ HostedZoneId, ...startOf(NextToken) }),
        options,
      );
      return { ...output, ...(output.IsTruncated === true ? { NextToken: tokenOf(output) } : {}) };
    },
  } satisfies Partial<Record<CallName, Send<Route53Client>>>);
}

/** This one call pages by the next record instead of a token: the three values travel in one. */
function tokenOf(output: {
  NextRecordName?: string | undefined;
  NextRecordType?: string | undefined;
  NextRecordIdentifier?: string | undefined;
}): string {
  return JSON.stringify([output.NextRecordName, output.NextRecordType, output.NextRecordIdentifier]);
}

function startOf(token: string | undefined): Omit<ListResourceRecordSetsCommandInput, 'HostedZoneId'> {
  if (token === undefined) return {};
  const [StartRecordName, StartRecordType, StartRecordIdentifier] = JSON.parse(token) as (string | null)[];
  return {
    ...(StartRecordName ? { StartRecordName } : {}),
    ...(StartRecordType
      ? { StartRecordType: StartRecordType as ListResourceRecordSetsCommandInput['StartRecordType'] }
      : {}),
    ...(StartRecordIdentifier ? { StartRecordIdentifier } : {}),
  };
}

/**
 * The Resolver's API, whose SDK client is not part of this tool: JSON 1.1, signed by us. Rejects as the SDK does.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_Operations_Amazon_Route_53_Resolver.html
 */
export function openResolver(settings: UsableSettings, attempts: Attempts): Api {
  const requests = openSigned(settings, 'route53resolver', attempts);
  return {
    send: (name, input, signal) => callJson(requests, `Route53Resolver.${name}`, input, signal),
    close: requests.close,
    secrets: requests.secrets,
  };
}
