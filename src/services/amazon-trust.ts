/**
 * Amazon Trust Services, whose certificates AWS services present: the names that its roots and subordinates carry.
 * https://www.amazontrust.com/repository (roots Amazon Root CA 1 to 4, the roots with EU for the European Sovereign Cloud,
 * Starfield Services Root Certificate Authority - G2; subordinates such as Amazon RSA 2048 M01 have O=Amazon like the roots).
 */

/** The older roots that signed Amazon's before those were in every trust store; a store that holds one of them will do. */
const STARFIELD = new Set([
  'CN=Starfield Services Root Certificate Authority - G2',
  // https://aws.amazon.com/blogs/security/how-to-prepare-for-aws-move-to-its-own-certificate-authority/
  'OU=Starfield Class 2 Certification Authority',
]);

/**
 * Whether a distinguished name is one of Amazon's authorities. Takes the form of an observation (`CN=…, O=Amazon, C=US`) and
 * of Node's X509Certificate (one part per line).
 */
export function isAmazonAuthority(name: string): boolean {
  return partsOf(name).some((part) => part === 'O=Amazon' || STARFIELD.has(part));
}

/** The name's common name, else its most specific part; for sentences. */
export function shortName(name: string): string {
  const parts = partsOf(name);
  const common = parts.find((part) => part.startsWith('CN='));
  return (common ?? parts[0] ?? name).replace(/^[A-Za-z]+=/, '');
}

/** `O=Starfield Technologies, Inc.` is one part: a new one begins with its type and a sign of equality. */
function partsOf(name: string): string[] {
  return name.split(/\n|, (?=[A-Za-z][A-Za-z0-9.]*=)/).filter((part) => part !== '');
}
