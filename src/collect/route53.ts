/** Route 53 through the SDK, and its Resolver by signed requests of our own. Imported only when an answer calls for it. */
import { getCACertificates } from 'node:tls';
import {
  ListHostedZonesByVPCCommand,
  ListResourceRecordSetsCommand,
  type ListResourceRecordSetsCommandInput,
  Route53Client,
  type VPCRegion,
} from '@aws-sdk/client-route-53';
import { SignatureV4 } from '@smithy/signature-v4';
import { Client, type Dispatcher } from 'undici';
import { partitionOfRegion } from '../services/partitions.ts';
import type { CallName } from './calls.ts';
import { type Api, type Attempts, clientOptions, opened, type Send, secretsOf, type UsableSettings } from './sdk.ts';

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
 * The Resolver's API, whose SDK client is not part of this tool: JSON 1.1 over POST, signed with the SDK's own credentials,
 * Region and hash. Rejects as the SDK does: an error with the service's code as its name, or the system's with its code.
 * AWS_ENDPOINT_URL_ROUTE53RESOLVER and AWS_ENDPOINT_URL replace the address; a profile's `endpoint_url` is not read here.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_Operations_Amazon_Route_53_Resolver.html
 */
export function openResolver(settings: UsableSettings, attempts: Attempts): Api {
  // Never used to send: it knows how to find credentials and the Region.
  const client = new Route53Client(clientOptions(settings, attempts));
  const ca = settings.kind === 'confined' ? settings.certificateAuthorities : [];
  const limits = {
    connect: { timeout: attempts.ms, ...(ca.length > 0 ? { ca: [...getCACertificates('default'), ...ca] } : {}) },
    headersTimeout: attempts.ms,
    bodyTimeout: attempts.ms,
  };
  const send: Api['send'] = async (name, input, signal) => {
    const region = settings.region ?? (await client.config.region());
    const url = new URL(settings.kind === 'confined' ? settings.endpoint : publicUrl(region));
    const { credentials, sha256 } = client.config;
    const signer = new SignatureV4({ service: 'route53resolver', region, credentials, sha256 });
    const body = JSON.stringify(input);
    const { headers } = await signer.sign({
      method: 'POST',
      protocol: url.protocol,
      hostname: url.hostname,
      ...(url.port === '' ? {} : { port: Number(url.port) }),
      path: url.pathname,
      headers: {
        host: url.host,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `Route53Resolver.${name}`,
      },
      body,
    });
    const { host: _host, ...sent } = headers;
    const path = url.pathname;
    // One connection each: on a common one the calls would wait for each other.
    const connection = new Client(url.origin, limits);
    try {
      return await answerOf(await connection.request({ path, method: 'POST', headers: sent, body, signal }));
    } finally {
      void connection.destroy();
    }
  };
  return {
    send,
    close: () => client.destroy(),
    secrets: () => secretsOf(client),
  };
}

function publicUrl(region: string): string {
  const { AWS_ENDPOINT_URL_ROUTE53RESOLVER: own, AWS_ENDPOINT_URL: all } = process.env;
  return own || all || `https://route53resolver.${region}.${partitionOfRegion(region).dnsSuffix}`;
}

async function answerOf({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<object> {
  const id = headers['x-amzn-requestid'];
  const metadata = typeof id === 'string' ? { requestId: id } : {};
  const text = await body.text();
  const output: unknown = parsed(text);
  if (statusCode < 300) return { ...Object(output), $metadata: metadata };
  const { __type, message, Message } = Object(output) as Record<string, unknown>;
  const words = [message, Message].find((one) => typeof one === 'string');
  throw Object.assign(new Error(typeof words === 'string' ? words : `HTTP status ${statusCode}`), {
    // `com.amazonaws.route53resolver#AccessDeniedException` and `AccessDeniedException` are the same.
    name: typeof __type === 'string' ? __type.replace(/^.*#/, '') : `HTTP ${statusCode}`,
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
