/** Certificates made by the openssl command for one test file, in a folder of their own. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type KeyPair = { readonly key: string; readonly cert: string };

export type LeafOptions = {
  readonly names: readonly string[];
  /** `YYYYMMDDHHMMSSZ` */
  readonly from?: string;
  readonly to?: string;
};

export type Authority = {
  /** the root's certificate, PEM */
  readonly root: string;
  readonly issue: (options: LeafOptions) => KeyPair;
  readonly remove: () => void;
};

/** A root, and leaf certificates signed by it. */
export function makeAuthority(commonName: string): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'vpce-doctor-ca-'));
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '30',
    '-subj',
    `/C=US/O=Test, Inc./CN=${commonName}`,
  );
  writeFileSync(at('index.txt'), '');
  writeFileSync(at('serial'), '1000\n');
  let count = 0;

  const issue = ({ names, from, to }: LeafOptions): KeyPair => {
    count += 1;
    const leaf = `leaf${count}`;
    const alternatives = names.map((name) => (/^[\d.]+$|:/.test(name) ? `IP:${name}` : `DNS:${name}`)).join(',');
    writeFileSync(at('ca.cnf'), configuration(alternatives));
    openssl('req', ...key, '-keyout', `${leaf}.key`, '-out', `${leaf}.csr`, '-subj', `/O=Leaf/CN=${names[0]}`);
    const dates = [...(from ? ['-startdate', from] : []), ...(to ? ['-enddate', to] : ['-days', '5'])];
    openssl('ca', '-batch', '-notext', '-config', 'ca.cnf', '-in', `${leaf}.csr`, '-out', `${leaf}.crt`, ...dates);
    return { key: readFileSync(at(`${leaf}.key`), 'utf8'), cert: readFileSync(at(`${leaf}.crt`), 'utf8') };
  };
  return { root: readFileSync(at('ca.crt'), 'utf8'), issue, remove: () => rmSync(folder, { recursive: true }) };
}

function configuration(alternatives: string): string {
  return `
[ca]
default_ca = test
[test]
database = index.txt
serial = serial
new_certs_dir = .
certificate = ca.crt
private_key = ca.key
default_md = sha256
unique_subject = no
policy = any
x509_extensions = leaf
[any]
organizationName = optional
commonName = optional
[leaf]
basicConstraints = CA:FALSE
subjectAltName = ${alternatives}
`;
}
