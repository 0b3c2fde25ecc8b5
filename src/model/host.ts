/**
 * The machine, as a value: everything that vantage, probes and collect take from outside comes through here. A real run
 * uses `realHost()` of src/host.ts; the lab hands in one of its own, and nothing else differs.
 */

export type LocalAddress = { readonly name: string; readonly address: string; readonly prefixLength: number };

/**
 * Where packets for an address really go. A real run's wire is the identity. The lab's maps each address and port that
 * it owns to a loopback port. `undefined` means: this address must not be contacted (the guard under test).
 */
export type Wire = {
  readonly route: (
    transport: 'udp' | 'tcp',
    address: string,
    port: number,
  ) => { readonly address: string; readonly port: number } | undefined;
  /** extra certificate authorities to trust, PEM; the lab's. A real run uses Node's own store and NODE_EXTRA_CA_CERTS. */
  readonly certificateAuthorities?: readonly string[] | undefined;
};

export type Host = {
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Names of variables that lead this run's own API calls to where they can be answered, and that no other program of the machine
   * has: the lab's, and those that VPCE_DOCTOR_OWN_VARIABLES lists. They say nothing of what an application does.
   */
  readonly wiring?: readonly string[] | undefined;
  /** a text file's content, or undefined when it cannot be read */
  readonly readFile: (path: string) => Promise<string | undefined>;
  readonly interfaces: () => readonly LocalAddress[];
  /** milliseconds since the epoch */
  readonly now: () => number;
  /** milliseconds, monotonic */
  readonly monotonic: () => number;
  readonly wire: Wire;
  /** set where a run elsewhere is read again: what its metadata services answered; nobody is asked then */
  readonly recorded?:
    | ((method: 'GET' | 'PUT', address: string, port: number, path: string) => RecordedAnswer)
    | undefined;
};

/** An answer of a metadata service, or the system's code of why there was none (`stopped` where it was not asked). */
export type RecordedAnswer =
  | { readonly status: number; readonly body: string; readonly clockOffsetMs?: number | undefined }
  | { readonly code: string; readonly connected: boolean };
