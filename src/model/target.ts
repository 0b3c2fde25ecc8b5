/** What the user wants to reach: first as typed, then with a host, a port and a service. */
import type { Denial } from './denial.ts';

/** As typed and recognised, before any state is known. */
export type TargetRequest =
  /** a host name, or a URL's; `port` is 443 unless given (80 for `http://`) */
  | {
      readonly kind: 'host';
      readonly text: string;
      readonly host: string;
      readonly port: number;
      readonly path?: string | undefined;
      /** the address that the client connected to, where the host comes from an error text that has one */
      readonly pasted?: string | undefined;
      /** what the error text says of a refusal */
      readonly denial?: Denial | undefined;
    }
  /** an IPv4 or IPv6 address */
  | { readonly kind: 'address'; readonly text: string; readonly address: string; readonly port: number }
  /** a service id or suffix (`ecr.api`), or a full service name (`com.amazonaws.eu-west-1.s3`, `com.amazonaws.vpce.…`) */
  | {
      readonly kind: 'service';
      readonly text: string;
      readonly service: string;
      readonly denial?: Denial | undefined;
    }
  | {
      readonly kind: 'endpoint';
      readonly text: string;
      readonly endpointId: string;
      readonly port?: number | undefined;
    }
  | {
      readonly kind: 'workload';
      readonly text: string;
      readonly workload: string;
      readonly denial?: Denial | undefined;
    }
  /** no target was given: every endpoint of the VPC */
  | { readonly kind: 'every-endpoint'; readonly text: string };

export type Application = 'https' | 'tls' | 'tcp';

/** One thing to reach. Two requests that mean the same host and port are one target. */
export type Target = {
  /** `host:443` shortened to `host`; `10.0.2.14:443` likewise; what reports and `targets[]` of causes use */
  readonly id: string;
  /** what the user typed that led here, first one first */
  readonly requested: readonly string[];
  /** absent when the target is an address */
  readonly host?: string | undefined;
  /** set when the target is an address */
  readonly address?: string | undefined;
  readonly port: number;
  /** the deepest rung that makes sense: SMTP and Cassandra do not speak HTTPS */
  readonly application: Application;
  readonly path?: string | undefined;
  /** the service's id in our table, when the host or service name is known there */
  readonly serviceId?: string | undefined;
  /** endpoint service names that would serve this host, most likely first; empty for a foreign host */
  readonly serviceNames: readonly string[];
  /** the Region in the host name */
  readonly region?: string | undefined;
  /** set when the user named the endpoint itself: no other endpoint will do */
  readonly endpointId?: string | undefined;
  /** the endpoint of another VPC that the name was seen to lead to (a private hosted zone, a Route 53 Profile) */
  readonly centralEndpointId?: string | undefined;
  /** the workload that needs it */
  readonly workload?: string | undefined;
  /** the address in the error text that it comes from: evidence of an earlier answer, and no target of its own */
  readonly pasted?: string | undefined;
  /** refusals that the error text tells of: evidence of an earlier answer */
  readonly denials?: readonly Denial[] | undefined;
};
