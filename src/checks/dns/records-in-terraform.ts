/** Records of private hosted zones as Terraform's, which lead a name to an endpoint. */
import { type Expression, imported, resource } from '../terraform.ts';

export type AliasTarget = { readonly name: string; readonly zone: string | undefined };

/** A record more: an alias where the endpoint's own zone id is known, else a CNAME. */
export function recordInTerraform(zoneId: string | Expression, host: string, target: AliasTarget): string {
  return resource('aws_route53_record', host, argumentsOf(zoneId, host, target));
}

/** The record of a name that has one already: taken over, and led elsewhere. */
export function changedRecordInTerraform(zoneId: string, host: string, target: AliasTarget, type: string): string[] {
  const args = argumentsOf(zoneId, host, target);
  return [
    imported('aws_route53_record', host, `${zoneId}_${host}_${type}`),
    resource('aws_route53_record', host, args),
  ];
}

function argumentsOf(zoneId: string | Expression, host: string, { name, zone }: AliasTarget) {
  return {
    zone_id: zoneId,
    name: host,
    type: zone === undefined ? 'CNAME' : 'A',
    ...(zone === undefined
      ? { ttl: 60, records: [name] }
      : { alias: { name, zone_id: zone, evaluate_target_health: false } }),
  };
}
