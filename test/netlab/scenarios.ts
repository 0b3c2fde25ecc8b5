/** Every scenario, once. Names are unique; scenarios-*.ts hold them by subject. */
import type { Scenario } from './scenario.ts';
import { ACCESS_SCENARIOS } from './scenarios-access.ts';
import { ACL_SCENARIOS } from './scenarios-acl.ts';
import { BLIND_SCENARIOS } from './scenarios-blind.ts';
import { BOX_SCENARIOS } from './scenarios-boxes.ts';
import { CENTRAL_SCENARIOS } from './scenarios-central.ts';
import { DNS_SCENARIOS } from './scenarios-dns.ts';
import { ENDPOINT_SCENARIOS } from './scenarios-endpoint.ts';
import { GROUP_SCENARIOS } from './scenarios-groups.ts';
import { HEALTHY_SCENARIOS } from './scenarios-healthy.ts';
import { HOST_SCENARIOS } from './scenarios-host.ts';
import { OFFER_SCENARIOS } from './scenarios-offers.ts';
import { REPORT_SCENARIOS } from './scenarios-reports.ts';
import { MORE_REPORT_SCENARIOS } from './scenarios-reports-more.ts';
import { ROUTE_SCENARIOS } from './scenarios-routes.ts';
import { SEVERAL_SCENARIOS } from './scenarios-several.ts';
import { TLS_SCENARIOS } from './scenarios-tls.ts';

const ALL: readonly Scenario[] = [
  ...ENDPOINT_SCENARIOS,
  ...OFFER_SCENARIOS,
  ...DNS_SCENARIOS,
  ...GROUP_SCENARIOS,
  ...ROUTE_SCENARIOS,
  ...ACL_SCENARIOS,
  ...CENTRAL_SCENARIOS,
  ...BOX_SCENARIOS,
  ...HOST_SCENARIOS,
  ...TLS_SCENARIOS,
  ...ACCESS_SCENARIOS,
  ...REPORT_SCENARIOS,
  ...MORE_REPORT_SCENARIOS,
  ...SEVERAL_SCENARIOS,
  ...HEALTHY_SCENARIOS,
  ...BLIND_SCENARIOS,
];

/** Those that were drawn from public reports bear the reports' numbers in their names. */
export const SCENARIOS: readonly Scenario[] = ALL.map((scenario) =>
  scenario.reported === undefined ? scenario : { ...scenario, name: `${scenario.reported} ${scenario.name}` },
);

export function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`no scenario is named "${name}"`);
  return found;
}
