import { type AwsAccess, accessTo } from "../aws/access.js";
import { findIgnoredSource } from "../aws/ignored-source.js";
import { formatRequest } from "../aws/request-log.js";
import { type Context, showForeignEndpoint, standInNote } from "../context.js";

const found = new WeakMap<Context, Promise<AwsAccess>>();

/**
 * Resolves how to reach AWS or the running stand-in, once per command, and prints which one is used.
 * @throws {FotaError} what `accessTo` throws
 */
export function accessOf(context: Context): Promise<AwsAccess> {
  const known = found.get(context) ?? find(context);
  found.set(context, known);
  return known;
}

async function find({ settings, host, output }: Context): Promise<AwsAccess> {
  showForeignEndpoint(settings, output);
  const { debug } = output;
  const access = await accessTo(settings, host, debug && ((request) => debug(formatRequest(request))));
  // A stand-in that the user named needs no note.
  if (settings.local && settings.iotEndpoint === undefined) output.note(standInNote(access.iotEndpoint));
  const ignored = await findIgnoredSource(access, host.signal);
  if (ignored?.byFlag === true) output.note(ignored.message);
  else if (ignored !== undefined) output.warn(ignored.message);
  return access;
}
