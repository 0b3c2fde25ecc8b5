/** Scenarios that the short run of the probe script plays: each layer, and each kind of answer that a tool can give. */
export const SCRIPT_SELECTION: readonly string[] = [
  'custom resolver is silent',
  'nothing listens at the custom resolver',
  'internal DNS says NXDOMAIN to service names',
  'DNS Firewall blocks the service’s name with NODATA',
  'a Resolver rule leads to a resolver that fails',
  'FIPS name that does not exist',
  'client network ACL denies a narrow piece of the ephemeral range',
  'the machine’s own firewall rejects 443',
  'one hop too far from the metadata service',
  'a firewall loses a ClientHello of two segments, over both families',
  'the certificate belongs to another service',
  'the endpoint’s certificate has expired',
  'the clock is a minute ahead',
  'the proxy refuses AWS hosts',
];
