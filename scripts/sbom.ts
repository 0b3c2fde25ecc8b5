/** What is inside the binaries, as a CycloneDX 1.6 document (https://cyclonedx.org/docs/1.6/json/), for whoever looks for known weaknesses. */
import { createHash } from 'node:crypto';
import { TOOL } from '../src/version.ts';
import type { Package } from './licences.ts';

export type Inside = {
  /** the commit that the tool is built of */
  readonly commit: string;
  /** the packages of which something is in the bundle */
  readonly packages: readonly Package[];
  /** Node's own version and those of its parts: `process.versions` of the Node that is put in */
  readonly versions: Readonly<Record<string, string | undefined>>;
};

/** Node's parts by the names under which weaknesses are filed. What is not here is an interface's or a table's number. */
const PARTS: Readonly<Record<string, string>> = {
  acorn: 'pkg:npm/acorn',
  ada: 'pkg:github/ada-url/ada',
  amaro: 'pkg:npm/amaro',
  ares: 'pkg:github/c-ares/c-ares',
  brotli: 'pkg:github/google/brotli',
  icu: 'pkg:github/unicode-org/icu',
  libffi: 'pkg:github/libffi/libffi',
  lief: 'pkg:github/lief-project/LIEF',
  llhttp: 'pkg:github/nodejs/llhttp',
  merve: 'pkg:github/nodejs/merve',
  nbytes: 'pkg:github/nodejs/nbytes',
  ncrypto: 'pkg:github/nodejs/ncrypto',
  nghttp2: 'pkg:github/nghttp2/nghttp2',
  nghttp3: 'pkg:github/ngtcp2/nghttp3',
  ngtcp2: 'pkg:github/ngtcp2/ngtcp2',
  openssl: 'pkg:generic/openssl',
  simdjson: 'pkg:github/simdjson/simdjson',
  simdutf: 'pkg:github/simdutf/simdutf',
  sqlite: 'pkg:generic/sqlite',
  undici: 'pkg:npm/undici',
  uv: 'pkg:github/libuv/libuv',
  uvwasi: 'pkg:github/nodejs/uvwasi',
  v8: 'pkg:generic/v8',
  zlib: 'pkg:generic/zlib',
  zstd: 'pkg:github/facebook/zstd',
};

/** `process.versions` counts these among the parts; they are numbers of interfaces and of data. */
const NO_PARTS = new Set(['node', 'modules', 'napi', 'unicode', 'cldr', 'tz']);

/** The document as JSON. It holds no date, so that the same commit gives the same bytes. Throws for a part of Node that it does not know. */
export function softwareBill({ commit, packages, versions }: Inside): string {
  const tool = `${TOOL.name}@${TOOL.version}`;
  const components = [...packages.map(library), node(versions)];
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': tool,
        name: TOOL.name,
        version: TOOL.version,
        licenses: [{ license: { id: 'Apache-2.0' } }],
        properties: [{ name: 'vpce-doctor:commit', value: commit }],
      },
    },
    components,
    dependencies: [{ ref: tool, dependsOn: components.map((one) => one['bom-ref']) }],
  };
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(document))}`;
  const { bomFormat, specVersion, ...rest } = document;
  return `${JSON.stringify({ bomFormat, specVersion, serialNumber, ...rest }, null, 2)}\n`;
}

function library({ name, version, license }: Package) {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return { type: 'library', 'bom-ref': purl, name, version, licenses: [{ license: { id: license } }], purl };
}

function node(versions: Inside['versions']) {
  const { node: version = '' } = versions;
  const purl = `pkg:generic/node@${version}`;
  const parts = Object.entries(versions).flatMap(([name, own]) => {
    if (NO_PARTS.has(name) || !own) return [];
    const base = PARTS[name];
    if (base === undefined) throw new Error(`Node has a part that the bill of materials does not know: ${name}`);
    return [{ type: 'library', 'bom-ref': `${purl}#${name}`, name, version: own, purl: `${base}@${own}` }];
  });
  return {
    type: 'platform',
    'bom-ref': purl,
    name: 'node',
    version,
    licenses: [{ license: { id: 'MIT' } }],
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    purl,
    pedigree: { notes: 'Needs no libatomic: its one function is inside. Without symbols for debuggers.' },
    components: parts,
  };
}

/** A UUID (version 8, own form) that is the same for the same text. */
function uuidOf(text: string): string {
  const digest = createHash('sha256').update(text).digest();
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x80;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  return digest.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}
