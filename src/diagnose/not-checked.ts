/** What a run did not look at, and which option would have it look. */

import { type ENDPOINT_POLICY_SLICES, judgeAtEndpoints } from '../checks/access/endpoint-judgement.ts';
import type { CheckContext } from '../checks/check.ts';
import type { State } from '../model/state.ts';
import type { Vantage } from '../model/vantage.ts';
import { clientOf } from '../network/client.ts';
import type { View } from './views.ts';

/** One sentence for each, sorted by nothing but their weight. */
export function notChecked(probed: boolean, views: readonly View[], state: State, vantage: Vantage): string[] {
  const out: string[] = [];
  if (!probed) out.push('No packet was sent: DNS answers, TLS certificates and the host’s own firewall were not seen.');
  if (views.every((view) => view.model.choice === undefined)) return out;
  const signed = [
    ...new Set(
      views.flatMap((view) =>
        view.evidence.all.flatMap((one) =>
          one.rung === 'access' && (one.outcome === 'allowed' || one.outcome === 'denied') ? [one.subject.action] : [],
        ),
      ),
    ),
  ];
  if (signed.length > 0) {
    const shown = signed.slice(0, 3).join(', ');
    const asked = signed.length > 3 ? `${shown} and ${signed.length - 3} more` : shown;
    out.push(`Other requests than ${asked}: policies may treat them otherwise (vpce-doctor policy-check tries one).`);
  } else if (probed)
    out.push('IAM and the policies of resources: no signed request was made (--signed makes one per service).');
  else out.push('IAM and the policies of resources: vpce-doctor policy-check tries them on one request.');
  const narrow = [...new Set(views.flatMap((view) => narrowAt(view, state, vantage)))];
  if (narrow.length > 0)
    out.push(
      `What the ${narrow.length === 1 ? 'policy' : 'policies'} of ${narrow.join(', ')} ${narrow.length === 1 ? 'leaves' : 'leave'} out: nobody asked for it (vpce-doctor policy-check --endpoint-policy tries a request of the application).`,
    );
  return out;
}

/** Endpoints whose policy lets some requests through and not the harmless read that stands for them. */
function narrowAt({ target, evidence }: View, state: State, vantage: Vantage): string[] {
  const context: CheckContext<(typeof ENDPOINT_POLICY_SLICES)[number]> = {
    target,
    vantage,
    client: clientOf(vantage),
    state,
    evidence,
  };
  return judgeAtEndpoints(context).flatMap((one) =>
    one.verdict === 'narrow' && one.asked.outcome === 'unasked' ? (one.vpceId ?? []) : [],
  );
}
