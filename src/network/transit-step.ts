/** What a connection between two VPCs is judged by: its ends, and each thing that it needs. */
import type { Missing, State } from '../model/state.ts';
import type { AddressSet } from './addresses.ts';

export type TransitReads = Pick<
  State,
  | 'vpcPeeringConnections'
  | 'transitGatewayVpcAttachments'
  | 'transitGatewayAttachments'
  | 'transitGatewayRoutes'
  | 'routeTables'
  | 'prefixLists'
  | 'prefixListEntries'
  | 'networkAcls'
  | 'subnets'
>;

/** One end of the connection; the packets leave the one and are meant for the other. */
export type TransitEnd = {
  readonly vpcId: string;
  /** undefined for a far end that cannot be seen */
  readonly subnetId: string | undefined;
  readonly addresses: AddressSet;
};

/** The end that sends: its subnet decides where packets go. */
export type NearEnd = TransitEnd & { readonly subnetId: string };

/** One thing that a connection needs. */
export type TransitStep = {
  readonly step:
    | 'route-state'
    | 'peering-state'
    | 'attachment-state'
    | 'attachment-zone'
    | 'association'
    | 'gateway-route'
    | 'far-attachment-state'
    | 'far-subnet-route'
    | 'attachment-acl';
  readonly verdict: 'pass' | 'block' | 'unknown';
  /** what decides, the resource to repair first */
  readonly resources: readonly string[];
  /** a clause with the ids in it: `pcx-1 is pending-acceptance` */
  readonly why: string;
  readonly missing: readonly Missing[];
};

export function passes(step: TransitStep['step'], resources: readonly string[], why: string): TransitStep {
  return { step, verdict: 'pass', resources, why, missing: [] };
}
export function blocks(step: TransitStep['step'], resources: readonly string[], why: string): TransitStep {
  return { step, verdict: 'block', resources, why, missing: [] };
}
export function cannotTell(
  step: TransitStep['step'],
  resources: readonly string[],
  gaps: readonly Missing[],
): TransitStep {
  return { step, verdict: 'unknown', resources, why: gaps[0]?.detail ?? 'something could not be read', missing: gaps };
}
