/** Scenarios that the short run of the probe script plays: each layer, and each kind of answer that a tool can give. */
export const SCRIPT_SELECTION: readonly string[] = [
  'custom resolver is silent',
  'nothing listens at the custom resolver',
  'internal DNS says NXDOMAIN to service names',
  'private DNS is off',
  'hosts file pins the name to a dead address',
  'blackhole route for one endpoint subnet',
  'the certificate belongs to another service',
];
