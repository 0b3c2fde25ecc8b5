/** Which service an IAM action belongs to: prefixes of actions are other names than those of endpoints. */
import { findService, suggestServices } from './catalogue.ts';

/** Actions of a service's second API, which has an endpoint of its own (bedrock usingVPC; sagemaker interface-vpc-endpoint). */
const RUNTIME: readonly (readonly [RegExp, string])[] = [
  [/^bedrock:(?:InvokeModel|Converse|ApplyGuardrail)/i, 'bedrock-runtime'],
  [/^sagemaker:InvokeEndpoint/i, 'sagemaker.runtime'],
];

/**
 * @param action `ecr:GetAuthorizationToken`
 * @returns the id of a service in our table: `ecr.api`; undefined where the prefix is that of none
 */
export function serviceOfAction(action: string): string | undefined {
  const runtime = RUNTIME.find(([pattern]) => pattern.test(action));
  if (runtime !== undefined) return runtime[1];
  const prefix = action.split(':', 1)[0]?.toLowerCase() ?? '';
  const exact = findService(prefix)?.id;
  if (exact !== undefined) return exact;
  // `ecr` and `sagemaker` are names of several endpoints: the first is that of the API which most actions are of.
  return suggestServices(prefix).find((id) => id.startsWith(`${prefix}.`));
}
