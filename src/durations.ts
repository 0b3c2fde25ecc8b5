/**
 * Every duration of the tool, once, with its reason. A test holds the sums: each chain of waits fits the default deadline.
 * All values are milliseconds. `--timeout` replaces the four probe values, `--deadline` the last one.
 */
export const DURATIONS = {
  /** One DNS question over UDP. The Amazon resolver answers in single-digit milliseconds; glibc itself waits 5 s, and a resolver that needs more than 2 s breaks applications anyway. */
  dnsQuery: 2_000,
  /** One TCP connect. Linux sends SYNs at 0, 1 and 3 s: waiting 3.5 s covers two lost packets before silence is believed. */
  tcpConnect: 3_500,
  /** TLS handshake after TCP opened: two round trips, and time for a stalled full-size segment to be sent again once. */
  tlsHandshake: 4_000,
  /** The answer to one small HTTPS request, including its own TCP and TLS. */
  httpsExchange: 6_000,
  /** One request to the instance metadata service: link-local, answered in a millisecond where it exists at all. */
  metadataRequest: 1_000,
  /** All of vantage together: the run must not stand still where there is no metadata service. */
  vantage: 3_000,
  /** One attempt of one EC2 API call: connect and answer. Describe calls of a large VPC can take a second or two. */
  apiAttempt: 4_000,
  /** All attempts of one EC2 API call with back-off. An unreachable API costs seconds, not minutes. */
  apiCall: 9_000,
  /** Everything that Route 53's APIs are asked, together: public services that a private subnet often cannot reach, and that a run can do without. */
  dnsApi: 2_500,
  /** Between two looks at whether the hosts of `remote` are done: a probe takes seconds, and Systems Manager throttles its readers. */
  remotePoll: 2_000,
  /** The first wait after Systems Manager throttled a call; it doubles each time. */
  remoteThrottled: 500,
  /** All of `remote`, when `--deadline` is not given: delivery, the download of the binary on each host, and the probes there. */
  remoteDeadline: 300_000,
  /** All policies of resources that a run names, together: they tell why something is refused, and the rest of the report does without them. */
  policyReads: 2_500,
  /** The whole run, when `--deadline` is not given. */
  deadline: 30_000,
} as const;

export type Durations = { readonly [K in keyof typeof DURATIONS]: number };
