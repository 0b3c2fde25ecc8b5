/** `-o s3://bucket/key`: the report goes where a host that nobody logs in to can leave it. */
import { parseObjectPlace, putObject } from '../collect/s3-objects.ts';
import { DURATIONS } from '../durations.ts';
import type { Io, UsageProblem } from './io.ts';

/** The bucket is asked for once, and not for long: it may be behind the very endpoint that is broken. */
export async function writeToBucket(io: Io, place: string, text: string): Promise<UsageProblem | undefined> {
  const object = parseObjectPlace(place);
  if (object === undefined || object.key === '')
    return { problem: `-o ${place} is no place in a bucket: give s3://BUCKET/KEY, or s3://BUCKET/FOLDER/` };
  const { apiAttempt, apiCall } = DURATIONS;
  // Of its own: the run's signal may have ended it, and what it knows by then is what is to be kept.
  const signal = AbortSignal.timeout(apiCall);
  const done = await putObject(io.host, object, text, { attemptMs: apiAttempt, signal });
  return done.ok ? undefined : { problem: `${place} cannot be written: ${done.reason}.` };
}
