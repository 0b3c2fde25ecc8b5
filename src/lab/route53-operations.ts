/** The SDK's schemas of the Route 53 calls that the lab answers. They are large: only a lab loads them. */
import { ListHostedZonesByVPC$, ListResourceRecordSets$ } from '@aws-sdk/client-route-53';
import type { OperationSchema } from './ec2-wire.ts';

export const ListHostedZonesByVPC: OperationSchema = ListHostedZonesByVPC$;
export const ListResourceRecordSets: OperationSchema = ListResourceRecordSets$;
