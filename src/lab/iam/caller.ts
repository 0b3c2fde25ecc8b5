/** Who the lab's credentials belong to, and the credentials themselves: from here the environment, the services and tests take them. */
import { clientInterfaces } from '../client.ts';
import type { World } from '../world.ts';
import type { Caller } from './evaluator.ts';

export type SigningCredentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
};

/** The documentation's example credentials. Services know the first two; `unknown` was never anybody's. */
export const LAB_SIGNING = {
  good: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
  expired: {
    accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY',
    sessionToken: 'IQoJb3JpZ2luX2VjEXAMPLETOKEN',
  },
  unknown: { accessKeyId: 'AKIAI44QH8DHBEXAMPLE', secretAccessKey: 'je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY' },
} as const satisfies Record<string, SigningCredentials>;

/** The environment variables by which the world's client is given its credentials; none where it has none. */
export function credentialVariables(world: World): Record<string, string> {
  if (world.client.withoutCredentials === true) return {};
  const { accessKeyId, secretAccessKey, sessionToken }: SigningCredentials = LAB_SIGNING[world.credentials ?? 'good'];
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: sessionToken }),
  };
}

const CREDENTIAL = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/[^/]+\/([^/]+)\/aws4_request/;

/** The name of the service that a signature is for; undefined without a signature. */
export function scopeOf(authorization: string): string | undefined {
  return CREDENTIAL.exec(authorization)?.[2];
}

/**
 * What the lab's APIs have against a caller, by the key's id alone: they take any but the two that the lab gives out as bad. The
 * services at the ends of the endpoints are the ones that check signatures.
 */
export function credentialProblem(authorization: string): 'expired' | 'unknown-key' | undefined {
  const keyId = CREDENTIAL.exec(authorization)?.[1];
  if (keyId === LAB_SIGNING.expired.accessKeyId) return 'expired';
  return keyId === LAB_SIGNING.unknown.accessKeyId ? 'unknown-key' : undefined;
}

const ROLE = 'vpce-doctor-lab';
const ROLE_ID = 'AROAEXAMPLEEXAMPLE000';

/** What sts:GetCallerIdentity says: the session of a role, named after the instance. */
export function callerIdentity(world: World): { Account: string; Arn: string; UserId: string } {
  const session = clientInterfaces(world)[0]?.Attachment?.InstanceId ?? 'vpce-doctor';
  return {
    Account: world.accountId,
    Arn: `arn:aws:sts::${world.accountId}:assumed-role/${ROLE}/${session}`,
    UserId: `${ROLE_ID}:${session}`,
  };
}

/** The caller as policies name it: its session, and the role that it is a session of. */
export function signedCaller(world: World): Caller {
  return {
    account: world.accountId,
    isRoot: false,
    service: undefined,
    arns: [callerIdentity(world).Arn, roleArn(world)],
  };
}

/** Whoever did not sign. */
export const ANONYMOUS: Caller = { account: undefined, isRoot: false, service: undefined, arns: [] };

export function roleArn(world: World): string {
  return `arn:aws:iam::${world.accountId}:role/${ROLE}`;
}
