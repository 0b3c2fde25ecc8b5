/** What DescribeVpcEndpointServices says in a lab's Region: every service of our table that can have an endpoint. */
import type { EndpointService } from '../model/aws.ts';
import { usualPrivateNames } from '../services/catalogue.ts';
import { serviceNames } from '../services/service-names.ts';
import { CUSTOM_SERVICE_ID, SERVICES } from '../services/service-table.ts';

/** One entry per name and type, as AWS lists them: S3 and DynamoDB twice. Customers' own services are not AWS's to list. */
export function awsEndpointServices(region: string, zoneIds: readonly string[]): EndpointService[] {
  const key = [region, ...zoneIds].join(' ');
  const made = lists.get(key) ?? listServices(region, zoneIds);
  lists.set(key, made);
  // A world is edited in place: each has its own.
  return structuredClone(made);
}

/** Worlds are made by the hundred, and the list is the same each time. */
const lists = new Map<string, EndpointService[]>();

function listServices(region: string, zoneIds: readonly string[]): EndpointService[] {
  return SERVICES.filter(({ id }) => id !== CUSTOM_SERVICE_ID).flatMap((service) =>
    serviceNames(service, region).flatMap((ServiceName) =>
      service.types.map((type) => {
        const names = type === 'gateway' ? [] : usualPrivateNames(service, region);
        return {
          ServiceName,
          ServiceType: [{ ServiceType: type === 'gateway' ? 'Gateway' : 'Interface' }],
          ServiceRegion: region,
          AvailabilityZoneIds: [...zoneIds],
          Owner: 'amazon',
          ...(names[0] === undefined
            ? {}
            : { PrivateDnsName: names[0], PrivateDnsNames: names.map((PrivateDnsName) => ({ PrivateDnsName })) }),
          VpcEndpointPolicySupported: true,
          AcceptanceRequired: false,
        };
      }),
    ),
  );
}
