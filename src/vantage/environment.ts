/** Reads what the environment says: Lambda, pod or container, proxies, and settings of the SDKs. */
import type { Host } from '../model/host.ts';
import type { CredentialSource, ProxySettings, SdkSettings } from '../model/vantage.ts';
import { activeProfile, type ProfileSettings } from './sdk-config.ts';

/** Where the process runs, as far as its environment tells. */
export type Surroundings = {
  readonly lambda: boolean;
  /** `ecs-fargate` and `ecs-ec2` from AWS_EXECUTION_ENV; the task metadata knows better */
  readonly ecs?: 'ecs-ec2' | 'ecs-fargate' | undefined;
  readonly pod: boolean;
  /** a pod with an identity that EKS gave it: IAM roles for service accounts, or Pod Identity */
  readonly eksPod: boolean;
  readonly container: boolean;
};

/** Reads the environment and the two traces that container runtimes leave. */
export async function readSurroundings(host: Host): Promise<Surroundings> {
  const { env } = host;
  const [dockerenv, podmanenv, cgroup] = await Promise.all([
    host.readFile('/.dockerenv'),
    host.readFile('/run/.containerenv'),
    host.readFile('/proc/1/cgroup'),
  ]);
  const pod = isSet(env.KUBERNETES_SERVICE_HOST);
  const ecs = isSet(env.ECS_CONTAINER_METADATA_URI_V4) || isSet(env.ECS_CONTAINER_METADATA_URI);
  const execution = env.AWS_EXECUTION_ENV;
  return {
    lambda: isSet(env.AWS_LAMBDA_FUNCTION_NAME),
    ecs: execution === 'AWS_ECS_FARGATE' ? 'ecs-fargate' : ecs || execution === 'AWS_ECS_EC2' ? 'ecs-ec2' : undefined,
    pod,
    eksPod: pod && (isSet(env.AWS_WEB_IDENTITY_TOKEN_FILE) || isSet(env.AWS_CONTAINER_CREDENTIALS_FULL_URI)),
    container:
      pod || ecs || dockerenv !== undefined || podmanenv !== undefined || /docker|kubepods|\/ecs\//.test(cgroup ?? ''),
  };
}

/**
 * The proxy variables, credentials cut out. Where both spellings are set the lower-case one counts, as for curl, Python and
 * undici; when they differ, a note says so, because Go reads the other one.
 */
export function proxySettings(env: Host['env']): { readonly proxy: ProxySettings; readonly notes: readonly string[] } {
  const notes: string[] = [];
  const pick = (name: string): string | undefined => {
    const lower = env[name.toLowerCase()];
    const upper = env[name];
    if (isSet(lower) && isSet(upper) && lower !== upper) {
      notes.push(`${name.toLowerCase()} and ${name} differ; programs disagree on which counts.`);
    }
    return [lower, upper].find(isSet);
  };
  const proxy = {
    httpsProxy: withoutCredentials(pick('HTTPS_PROXY')),
    httpProxy: withoutCredentials(pick('HTTP_PROXY')),
    allProxy: withoutCredentials(pick('ALL_PROXY')),
    noProxy: pick('NO_PROXY'),
  };
  return { proxy, notes };
}

/**
 * The header that the credentials in a proxy variable become (Basic, RFC 7617), or undefined when it has none. For the probe of the
 * proxy only: the value must never be kept or shown.
 */
export function proxyAuthorization(
  env: Host['env'],
  variable: 'HTTPS_PROXY' | 'HTTP_PROXY' | 'ALL_PROXY',
): string | undefined {
  const value = [env[variable.toLowerCase()], env[variable]].find(isSet)?.trim();
  const rest = value?.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '') ?? '';
  const at = rest.lastIndexOf('@');
  if (at < 0) return undefined;
  const [user = '', ...password] = rest.slice(0, at).split(':');
  return `Basic ${Buffer.from(`${unescaped(user)}:${unescaped(password.join(':'))}`).toString('base64')}`;
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * What the SDKs would take from the environment and the active profile, each setting with the SDKs' own precedence
 * (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html): a service's variable, AWS_ENDPOINT_URL, the
 * profile's `services` section, the profile's `endpoint_url`. So AWS_ENDPOINT_URL silences the whole file.
 */
export function sdkSettings(
  env: Host['env'],
  file: ProfileSettings | undefined,
): { readonly sdk: SdkSettings; readonly notes: readonly string[] } {
  const general = env.AWS_ENDPOINT_URL || undefined;
  const fromFile =
    general === undefined ? { ...named('', file?.endpointUrl), ...file?.serviceEndpointUrls } : named('', general);
  const fromServices = serviceEndpointUrls(env);
  const all: Record<string, string> = { ...fromFile, ...fromServices };
  const variables = { ...fromServices, ...named('', general) };
  const ignored = flag(env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS) ?? flag(file?.ignoreEndpointUrls) ?? false;
  const notes: string[] = [];
  if (ignored && Object.keys(all).length > 0) {
    notes.push('Endpoint URLs are configured, and ignored as AWS_IGNORE_CONFIGURED_ENDPOINT_URLS demands.');
  }
  const urls = Object.entries(all).map(([service, url]) => [service, withoutCredentials(url) ?? url] as const);
  return {
    sdk: {
      ...regionOf(env, file),
      profile: activeProfile(env),
      endpointUrls: ignored ? {} : Object.fromEntries(urls),
      ...(ignored || urls.length === 0
        ? {}
        : {
            endpointUrlSources: Object.fromEntries(
              urls.map(([service]) => [
                service,
                service in variables
                  ? `AWS_ENDPOINT_URL${service === '' ? '' : `_${service.toUpperCase()}`}`
                  : `the profile ${activeProfile(env) ?? 'default'}`,
              ]),
            ),
          }),
      useFips: flag(env.AWS_USE_FIPS_ENDPOINT) ?? flag(file?.useFips),
      useDualstack: flag(env.AWS_USE_DUALSTACK_ENDPOINT) ?? flag(file?.useDualstack),
      credentialSources: credentialSources(env, file),
    },
    notes,
  };
}

function regionOf(env: Host['env'], file: ProfileSettings | undefined): Pick<SdkSettings, 'region' | 'regionSource'> {
  const variable = (['AWS_REGION', 'AWS_DEFAULT_REGION'] as const).find((name) => isSet(env[name]));
  if (variable !== undefined) return { region: env[variable], regionSource: variable };
  if (file?.region === undefined) return { region: undefined };
  return { region: file.region, regionSource: `the profile ${activeProfile(env) ?? 'default'}` };
}

/**
 * The sources that the SDKs ask before the metadata service
 * (https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html), by the presence of their settings only.
 */
function credentialSources(env: Host['env'], file: ProfileSettings | undefined): CredentialSource[] | undefined {
  const sources: [CredentialSource, boolean][] = [
    ['environment', isSet(env.AWS_ACCESS_KEY_ID) && isSet(env.AWS_SECRET_ACCESS_KEY)],
    ['web-identity', isSet(env.AWS_WEB_IDENTITY_TOKEN_FILE)],
    ['container', isSet(env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI) || isSet(env.AWS_CONTAINER_CREDENTIALS_FULL_URI)],
    ['profile', file?.hasCredentialSource === true],
  ];
  const present = sources.filter(([, isPresent]) => isPresent).map(([source]) => source);
  return present.length > 0 ? present : undefined;
}

/**
 * A URL, or a proxy's `user:password@host:port`, without what may be secret: everything up to the last `@` after the scheme
 * (passwords hold `@`, `/` and `?` unescaped often enough), the query and the fragment.
 */
export function withoutCredentials(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*:\/\/)?(.*)$/is.exec(url.trim()) ?? [];
  const bare = rest.slice(rest.lastIndexOf('@') + 1).replace(/[?#].*$/s, '');
  return scheme + bare;
}

function serviceEndpointUrls(env: Host['env']): Record<string, string> {
  const found = Object.entries(env).flatMap(([name, value]) => {
    const service = /^AWS_ENDPOINT_URL_([A-Z0-9][A-Z0-9_]*)$/.exec(name)?.[1]?.toLowerCase();
    return service === undefined || !isSet(value) ? [] : [[service, value] as const];
  });
  return Object.fromEntries(found);
}

function named(key: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [key]: value };
}

/** `true` and `false` in any case, as the SDKs accept them; anything else is no setting. */
function flag(value: string | undefined): boolean | undefined {
  const word = value?.trim().toLowerCase();
  return word === 'true' ? true : word === 'false' ? false : undefined;
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}
