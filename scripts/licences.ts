/** The licences of the packages in the bundle, as one text: each of them asks to be named with its copy. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A package of which something is inside. */
export type Package = {
  readonly name: string;
  readonly version: string;
  /** an SPDX identifier */
  readonly license: string;
  readonly text: string;
};

/** What may be given away inside an Apache-2.0 tool without further duties. Another one is to be read first. */
const ALLOWED = new Set(['MIT', 'Apache-2.0', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause']);

/**
 * @param root the checkout
 * @param files paths of bundled files, relative to `root`
 * @throws when a package names no licence, or one that nobody has allowed
 */
export function licenceText(root: string, files: readonly string[]): string {
  const packages = packagesOf(root, files);
  // Fifty packages of one publisher carry the same text.
  const texts = [...new Set(packages.map((one) => one.text))];
  const sections = texts.map((text) => {
    const owners = packages.filter((one) => one.text === text);
    return [...owners.map(({ name, version, license }) => `${name} ${version} (${license})`), '', text].join('\n');
  });
  const line = '='.repeat(80);
  return [
    `vpce-doctor is licensed under the Apache License 2.0. Its single-file build holds parts of the packages below.`,
    ...sections,
  ].join(`\n\n${line}\n\n`);
}

/** The packages that these files belong to, by name; as `licenceText`, it throws for a licence that nobody has allowed. */
export function packagesOf(root: string, files: readonly string[]): Package[] {
  const folders = new Set(files.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []));
  const packages = [...folders].map((folder) => readPackage(join(root, folder)));
  return packages.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function readPackage(folder: string): Package {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Partial<Package>;
  if (name === undefined || version === undefined) throw new Error(`${folder} has no name or version`);
  if (license === undefined || !ALLOWED.has(license)) throw new Error(`${name} has the licence ${license}`);
  const file = readdirSync(folder).find((entry) => /^licen[cs]e(\.(md|txt))?$/i.test(entry));
  const text =
    file === undefined ? `(${name} comes without a licence text.)` : readFileSync(join(folder, file), 'utf8');
  return { name, version, license, text: `${text.replaceAll('\r\n', '\n').trim()}\n` };
}
