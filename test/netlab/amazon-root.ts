/**
 * Loaded before the built command where a scenario signs: the lab's authority stands for Amazon's among the roots that Node was
 * built with, since nothing signed goes to a certificate of any other. A middlebox's root, though trusted, is not among them.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import tls from 'node:tls';

const roots = process.env['NODE_EXTRA_CA_CERTS'];
if (roots !== undefined) {
  const authority = readFileSync(join(dirname(roots), 'ca.pem'), 'utf8');
  const built = Object.create(tls, { rootCertificates: { value: [...tls.rootCertificates, authority] } }) as typeof tls;
  const before = process.getBuiltinModule;
  process.getBuiltinModule = ((id: string) =>
    id === 'tls' || id === 'node:tls' ? built : before(id)) as typeof process.getBuiltinModule;
}
