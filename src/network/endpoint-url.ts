/** Which URL the SDKs are told to use for a target's service instead of its own host. */
import type { Target } from '../model/target.ts';
import type { Vantage } from '../model/vantage.ts';

export type UrlOverride = {
  /** the setting's key in `vantage.sdk.endpointUrls`: a service's, or '' for all services */
  readonly key: string;
  readonly url: string;
  readonly host: string;
  readonly port: number;
};

/**
 * The SDKs' keys of services that they call by another name than the endpoint service has; the others differ in signs only
 * (`secrets_manager`). https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html
 */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  logs: ['cloudwatch_logs'],
  monitoring: ['cloudwatch'],
  events: ['eventbridge', 'cloudwatch_events'],
  states: ['sfn'],
  'sync-states': ['sfn'],
  'ecr.api': ['ecr'],
  'ecr-public.api': ['ecr_public'],
  'kinesis-streams': ['kinesis'],
  'kinesis-firehose': ['firehose'],
  elasticloadbalancing: ['elastic_load_balancing', 'elastic_load_balancing_v2'],
  autoscaling: ['auto_scaling'],
  config: ['config_service'],
  apigateway: ['api_gateway', 'apigatewayv2'],
  'sagemaker.api': ['sagemaker'],
  elasticmapreduce: ['emr'],
  elasticfilesystem: ['efs'],
  'memory-db': ['memorydb'],
  ds: ['directory_service'],
  email: ['ses', 'sesv2'],
  'iot.api': ['iot'],
  'iot.data': ['iot_data_plane'],
  cassandra: ['keyspaces'],
  dms: ['database_migration_service'],
  'cognito-idp': ['cognito_identity_provider'],
  airflow: ['mwaa'],
  'aps-workspaces': ['amp'],
  aps: ['amp'],
  tagging: ['resource_groups_tagging_api'],
  servicediscovery: ['servicediscovery'],
  'timestream.ingest': ['timestream_write'],
  transcribestreaming: ['transcribe'],
};

/** Hosts that agents, browsers and protocols call, not an SDK's client: no such setting reaches them. */
const NOT_BY_SDK = new Set([
  'ecr.dkr',
  'ssmmessages',
  'ec2messages',
  'ecs-agent',
  'ecs-telemetry',
  'git-codecommit',
  'codedeploy-commands-secure',
  'eks-proxy',
  'eks-auth',
  'oidc-eks',
  'email-smtp',
  'execute-api',
  'iot.credentials',
  'transfer.server',
  'privatelink-custom',
]);

/** The setting that concerns the target; undefined for a target that is no AWS service or that no SDK calls. */
export function overrideOf({ sdk }: Pick<Vantage, 'sdk'>, target: Target): UrlOverride | undefined {
  const id = target.serviceId;
  if (id === undefined || target.host === undefined || NOT_BY_SDK.has(id)) return undefined;
  const keys = (KEYS[id] ?? [id]).map(plain);
  const own = Object.keys(sdk.endpointUrls).find((key) => key !== '' && keys.includes(plain(key)));
  const key = own ?? '';
  const url = sdk.endpointUrls[key];
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (host === '') return undefined;
  return { key, url, host, port: port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port) };
}

function plain(key: string): string {
  return key.toLowerCase().replace(/[^a-z0-9]/g, '');
}
