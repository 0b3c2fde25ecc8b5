/** Reads the few settings of the shared AWS config file that bend an SDK's traffic; secrets in it are never kept. */
import type { Host } from '../model/host.ts';

export type ProfileSettings = {
  readonly region?: string | undefined;
  readonly endpointUrl?: string | undefined;
  /** by service key as in the file: `s3`, `secrets_manager` */
  readonly serviceEndpointUrls: Readonly<Record<string, string>>;
  readonly useFips?: string | undefined;
  readonly useDualstack?: string | undefined;
  readonly ignoreEndpointUrls?: string | undefined;
  /** a file of root certificates, as AWS_CA_BUNDLE names one */
  readonly caBundle?: string | undefined;
  /** whether the profile names a source of credentials of its own; which one, and its values, are not kept */
  readonly hasCredentialSource?: boolean | undefined;
};

/** A section's settings by name; of a nested block (`s3 =` and indented lines) by `block.name`. */
type Section = ReadonlyMap<string, string>;

/** The only settings that are taken from the file. Credentials, roles and processes pass by unread. */
const KEPT = [
  'region',
  'services',
  'endpoint_url',
  'use_fips_endpoint',
  'use_dualstack_endpoint',
  'ignore_configured_endpoint_urls',
  'ca_bundle',
];

/** Settings by which a profile gets its credentials elsewhere than at the metadata service; their presence is all that is kept. */
const CREDENTIAL_SETTINGS = [
  'aws_access_key_id',
  'credential_process',
  'sso_session',
  'sso_start_url',
  'web_identity_token_file',
  'login_session',
];

/**
 * The settings of the active profile in AWS_CONFIG_FILE or ~/.aws/config; undefined when the file cannot be read. The
 * credentials file is never opened.
 */
export async function readProfileSettings(host: Host): Promise<ProfileSettings | undefined> {
  const home = host.env.HOME ?? '';
  const path = (host.env.AWS_CONFIG_FILE || '~/.aws/config').replace(/^~(?=\/)/, home);
  const text = await host.readFile(path);
  return text === undefined ? undefined : parseProfileSettings(text, activeProfile(host.env) ?? 'default');
}

/** AWS_PROFILE, then the older AWS_DEFAULT_PROFILE of the AWS CLI; undefined means `default`. */
export function activeProfile(env: Host['env']): string | undefined {
  return env.AWS_PROFILE || env.AWS_DEFAULT_PROFILE || undefined;
}

/**
 * What a config file's text says for one profile. Format: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html;
 * `services` sections: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html. Never throws.
 */
export function parseProfileSettings(text: string, profile: string): ProfileSettings {
  const sections = parseSections(text);
  const settings: Section =
    sections.get(`profile ${profile}`) ?? (profile === 'default' ? sections.get('default') : undefined) ?? new Map();
  const services: Section = sections.get(`services ${settings.get('services') ?? ''}`) ?? new Map();
  const serviceEndpointUrls = [...services].flatMap(([name, value]) => {
    const service = /^([a-z0-9][a-z0-9_]*)\.endpoint_url$/.exec(name)?.[1];
    return service === undefined ? [] : [[service, value] as const];
  });
  return {
    region: settings.get('region'),
    endpointUrl: settings.get('endpoint_url'),
    serviceEndpointUrls: Object.fromEntries(serviceEndpointUrls),
    useFips: settings.get('use_fips_endpoint'),
    useDualstack: settings.get('use_dualstack_endpoint'),
    ignoreEndpointUrls: settings.get('ignore_configured_endpoint_urls'),
    caBundle: settings.get('ca_bundle'),
    ...(settings.has('credential source') ? { hasCredentialSource: true } : {}),
  };
}

function parseSections(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  let block: string | undefined;
  for (const raw of text.split(/\r?\n/)) {
    if (/^\s*([#;]|$)/.test(raw)) continue;
    const heading = /^\[\s*([^\]]*?)\s*\]/.exec(raw)?.[1];
    if (heading !== undefined) {
      const name = heading.replace(/\s+/g, ' ').replace(/"/g, '');
      section = sections.get(name) ?? new Map();
      sections.set(name, section);
      block = undefined;
      continue;
    }
    const match = /^(\s*)([^=\s][^=]*?)\s*=\s*(.*)$/.exec(raw.replace(/\s[#;].*$/, '').trimEnd());
    if (section === undefined || match === null) continue;
    const [, indent = '', rawName = '', value = ''] = match;
    const name = rawName.toLowerCase();
    const nested = indent !== '' && block !== undefined;
    if (!nested) block = value === '' ? name : undefined;
    if (!nested && CREDENTIAL_SETTINGS.includes(name) && value !== '') section.set('credential source', 'yes');
    if (KEPT.includes(name) && value !== '') section.set(nested ? `${block}.${name}` : name, value);
  }
  return sections;
}
