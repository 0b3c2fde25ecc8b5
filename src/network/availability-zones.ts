/** In which zones an endpoint stands, and whether the client's is among them: by zone id, because zone names differ by account. */
import type { VpcEndpoint } from '../model/aws.ts';
import type { State } from '../model/state.ts';
import type { Vantage } from '../model/vantage.ts';
import { byId } from './index-by-id.ts';

/**
 * Endpoint services whose names an endpoint answers only for clients of the zones that it stands in.
 * https://docs.aws.amazon.com/sagemaker/latest/dg/interface-vpc-endpoint.html, facts.md 2.6
 */
const ZONE_BOUND = /\.sagemaker\.runtime(?:-fips)?$/;

export function isZoneBound(endpoint: VpcEndpoint): boolean {
  return ZONE_BOUND.test(endpoint.ServiceName ?? '');
}

export type Zones = {
  /** the client's zone id */
  readonly own: string;
  /** zone ids of the endpoint's subnets */
  readonly endpoint: readonly string[];
};

/** The zones of the client and of an endpoint in its VPC; undefined when one of them cannot be told. */
export function zonesOf(
  state: Pick<State, 'subnets'>,
  vantage: Pick<Vantage, 'vpcId' | 'subnetId' | 'availabilityZoneId'>,
  endpoint: VpcEndpoint,
): Zones | undefined {
  const zoneOf = (subnetId: string) => byId(state.subnets, 'SubnetId', subnetId)?.AvailabilityZoneId;
  const own = vantage.availabilityZoneId ?? (vantage.subnetId === undefined ? undefined : zoneOf(vantage.subnetId));
  const zones = (endpoint.SubnetIds ?? []).map(zoneOf);
  if (own === undefined || zones.length === 0 || zones.includes(undefined)) return undefined;
  return { own, endpoint: [...new Set(zones.flatMap((zone) => zone ?? []))].sort() };
}

/** Whether the endpoint's names give this client no answer, because it has no interface in the client's zone. */
export function isSilentHere(
  state: Pick<State, 'subnets'>,
  vantage: Pick<Vantage, 'vpcId' | 'subnetId' | 'availabilityZoneId'>,
  endpoint: VpcEndpoint,
): boolean {
  if (!isZoneBound(endpoint)) return false;
  const zones = zonesOf(state, vantage, endpoint);
  return zones !== undefined && !zones.endpoint.includes(zones.own);
}
