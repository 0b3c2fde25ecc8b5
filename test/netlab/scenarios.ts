/** Every scenario, once. Names are unique; scenarios-*.ts hold them by subject. */
import type { Scenario } from './scenario.ts';
import { ACL_SCENARIOS } from './scenarios-acl.ts';
import { DNS_SCENARIOS } from './scenarios-dns.ts';
import { ENDPOINT_SCENARIOS } from './scenarios-endpoint.ts';
import { GROUP_SCENARIOS } from './scenarios-groups.ts';
import { HEALTHY_SCENARIOS } from './scenarios-healthy.ts';
import { OFFER_SCENARIOS } from './scenarios-offers.ts';
import { REPORT_SCENARIOS } from './scenarios-reports.ts';
import { ROUTE_SCENARIOS } from './scenarios-routes.ts';
import { SEVERAL_SCENARIOS } from './scenarios-several.ts';

export const SCENARIOS: readonly Scenario[] = [
  ...ENDPOINT_SCENARIOS,
  ...OFFER_SCENARIOS,
  ...DNS_SCENARIOS,
  ...GROUP_SCENARIOS,
  ...ROUTE_SCENARIOS,
  ...ACL_SCENARIOS,
  ...REPORT_SCENARIOS,
  ...SEVERAL_SCENARIOS,
  ...HEALTHY_SCENARIOS,
];

export function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`no scenario is named "${name}"`);
  return found;
}
