/** The STS call that the lab answers, with the SDK's schema: a module of its own, so that it is loaded only with the lab. */
import { GetCallerIdentity$ } from '@aws-sdk/client-sts';
import type { OperationSchema } from './ec2-wire.ts';

export const GET_CALLER_IDENTITY: OperationSchema = GetCallerIdentity$;
