/** The AWS CLI's commands that put a changed policy in force, and those that put the old one back. */
import { partitionOfRegion } from '../services/partitions.ts';
import type { JsonObject } from './edit-candidates.ts';

export type PolicyCommands = {
  /** in order; each can be pasted as it is, and one may have several lines */
  readonly commands: readonly string[];
  readonly undo: readonly string[];
};

/**
 * How long documents are handed over. `argument`: in quotes, always one line, which a report can show anywhere. `file`: through
 * a here-document of several lines, which must stand at the beginning of a line to be pasted.
 */
export type LongDocuments = 'argument' | 'file';

/**
 * `aws ec2 modify-vpc-endpoint --policy-document`; the undo is `--reset-policy` where full access was in force before.
 * @param old the document in force now
 */
export function commandsForEndpointPolicy(
  endpointId: string,
  region: string | undefined,
  document: JsonObject,
  old: JsonObject,
  long: LongDocuments = 'argument',
): PolicyCommands {
  const put = `aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${quoted(endpointId)}${regionOption(region)}`;
  return {
    commands: withDocument(`${put} --policy-document`, document, endpointId, long),
    undo: isFullAccess(old)
      ? [`${put} --reset-policy`]
      : withDocument(`${put} --policy-document`, old, `${endpointId}-old`, long),
  };
}

/**
 * The same for the policy on a bucket, key, queue, topic or secret; undefined for other resources.
 * @param arn of the resource; of a bucket or of an object in it
 * @param old the document in force now; undefined when there is none
 */
export function commandsForResourcePolicy(
  arn: string,
  document: JsonObject,
  old: JsonObject | undefined,
  long: LongDocuments = 'argument',
): PolicyCommands | undefined {
  const [, , service = '', region = '', account = '', ...rest] = arn.split(':');
  const name = rest.join(':');
  const option = regionOption(region === '' ? undefined : region);
  const file =
    name.split('/')[0] === '' ? service : `${service}-${(service === 's3' ? name.split('/')[0] : name) ?? ''}`;
  const both = (put: string, remove: string | undefined): PolicyCommands => ({
    commands: withDocument(put, document, file, long),
    undo: old === undefined ? (remove === undefined ? [] : [remove]) : withDocument(put, old, `${file}-old`, long),
  });
  switch (service) {
    case 's3': {
      const bucket = quoted(name.split('/')[0] ?? '');
      return both(
        `aws s3api put-bucket-policy --bucket ${bucket} --policy`,
        `aws s3api delete-bucket-policy --bucket ${bucket}`,
      );
    }
    case 'kms':
      // A key always has a policy.
      return both(`aws kms put-key-policy --key-id ${quoted(arn)} --policy-name default${option} --policy`, undefined);
    case 'secretsmanager': {
      const secret = `--secret-id ${quoted(arn)}${option}`;
      return both(
        `aws secretsmanager put-resource-policy ${secret} --resource-policy`,
        `aws secretsmanager delete-resource-policy ${secret}`,
      );
    }
    case 'sns':
      return both(
        `aws sns set-topic-attributes --topic-arn ${quoted(arn)}${option} --attribute-name Policy --attribute-value`,
        undefined,
      );
    case 'sqs': {
      const queue = `https://sqs.${region}.${partitionOfRegion(region).dnsSuffix}/${account}/${name}`;
      const put = `aws sqs set-queue-attributes --queue-url ${quoted(queue)}${option} --attributes`;
      const attributes = (policy: JsonObject | undefined): JsonObject => ({
        Policy: policy === undefined ? '' : JSON.stringify(policy),
      });
      return {
        commands: withDocument(put, attributes(document), file, long),
        undo: withDocument(put, attributes(old), `${file}-old`, long),
      };
    }
    default:
      return undefined;
  }
}

/** Whether the document allows everything to everybody: what an endpoint has that nobody gave a policy. */
export function isFullAccess(document: JsonObject): boolean {
  const statements = document['Statement'];
  const [only, ...more] = Array.isArray(statements) ? statements : [statements];
  if (more.length > 0 || typeof only !== 'object' || only === null) return false;
  const { Sid: _, ...elements } = only as JsonObject;
  const isAny = (value: unknown): boolean =>
    value === '*' || (Array.isArray(value) && value.length === 1 && value[0] === '*');
  return (
    Object.keys(elements).sort().join() === 'Action,Effect,Principal,Resource' &&
    elements['Effect'] === 'Allow' &&
    elements['Principal'] === '*' &&
    isAny(elements['Action']) &&
    isAny(elements['Resource'])
  );
}

/** Longer documents are better read in a file. */
const LONGEST_ARGUMENT = 600;

/** @param command up to and with the option that takes the document */
function withDocument(command: string, document: JsonObject, name: string, long: LongDocuments): readonly string[] {
  const compact = ascii(JSON.stringify(document));
  if (long === 'argument' || compact.length <= LONGEST_ARGUMENT) return [`${command} ${quoted(compact)}`];
  const file = `${name.replace(/[^A-Za-z0-9_-]{1,200}/g, '-').slice(0, 80)}.json`;
  // With white space it may be longer than AWS takes; no line of JSON is the word that ends it.
  const pretty = ascii(JSON.stringify(document, null, 2));
  const text = pretty.length <= LONGEST_FILE ? pretty : compact;
  return [`cat > ${file} <<'END_OF_POLICY'\n${text}\nEND_OF_POLICY`, `${command} file://${file}`];
}

/** The smallest of the limits, that of an endpoint's policy. */
const LONGEST_FILE = 20_480;

/** Nothing but visible ASCII, so that what is pasted is what was meant. */
function ascii(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** One argument of a POSIX shell. */
function quoted(text: string): string {
  return /^[A-Za-z0-9_/:.@%+=,-]{1,2048}$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function regionOption(region: string | undefined): string {
  return region === undefined ? '' : ` --region ${quoted(region)}`;
}
