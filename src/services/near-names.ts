/**
 * Services that are taken for one another: each has an endpoint service of its own, and the endpoint of one does nothing
 * for the other (symptoms.md, "Top confusions" 11).
 */
import { SERVICES, type Service, serviceById } from './service-table.ts';

/**
 * Pairs that people are known to confuse, whatever their names look like (symptoms.md: C041, C068, C212; facts.md 2.6, 5.1).
 * The rest follows from the names.
 */
const KNOWN_PAIRS: readonly (readonly [string, string])[] = [
  ['acm', 'acm-pca'],
  ['appconfig', 'appconfigdata'],
  ['aps', 'aps-workspaces'],
  ['bedrock', 'bedrock-runtime'],
  ['bedrock', 'bedrock-agent'],
  ['bedrock-runtime', 'bedrock-agent-runtime'],
  ['bedrock-agent', 'bedrock-agent-runtime'],
  ['codedeploy', 'codedeploy-commands-secure'],
  ['email', 'email-smtp'],
  ['kinesis-firehose', 'kinesis-streams'],
  ['logs', 'stream-logs'],
  ['servicediscovery', 'data-servicediscovery'],
  ['states', 'sync-states'],
];

/** Whether the two are a pair of the list. */
export function isKnownPair(one: string, other: string): boolean {
  return KNOWN_PAIRS.some(([a, b]) => (a === one && b === other) || (a === other && b === one));
}

/**
 * Ids of the services whose names are near a service's, known pairs first. Near: all words of one name are in the other
 * (`rds`, `rds-data`), or both begin with the same word before a dot (`sagemaker.api`, `sagemaker.runtime`).
 */
export function nearServices(id: string): string[] {
  const known = KNOWN_PAIRS.flatMap(([a, b]) => (a === id ? [b] : b === id ? [a] : [])).filter(
    (other) => serviceById(other) !== undefined,
  );
  const own = wordsOf(id);
  const near = SERVICES.filter((service) => service.id !== id && isNear(id, own, service)).map((service) => service.id);
  return [...new Set([...known, ...near])];
}

function isNear(id: string, own: readonly string[], other: Service): boolean {
  const words = wordsOf(other.id);
  const [less, more] = own.length < words.length ? [own, words] : [words, own];
  if (less.every((word) => more.includes(word)) && less.length < more.length) return true;
  const family = id.split('.')[0];
  return id.includes('.') && other.id.includes('.') && other.id.split('.')[0] === family;
}

function wordsOf(id: string): string[] {
  return id.split(/[.-]/);
}
