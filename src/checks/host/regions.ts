/** Whether a target's Region comes from a setting of this machine that differs from where the machine stands. */
import type { Target } from '../../model/target.ts';
import { homeRegion, type Vantage } from '../../model/vantage.ts';

/**
 * True where the target was named as a service or a workload, and its host is another Region's only because the configured
 * Region is. A host, service name or URL that was typed with its Region means that Region.
 */
export function isMisledRegion(target: Target, vantage: Vantage): boolean {
  const { region } = target;
  const home = homeRegion(vantage);
  if (region === undefined || home === undefined || region === home) return false;
  if (vantage.sdk.region !== region || target.endpointId !== undefined) return false;
  return !target.requested.some((text) => text.toLowerCase().includes(region));
}
