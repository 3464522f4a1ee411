import { type AwsAccess, accessTo } from "../aws/access.js";
import { findIgnoredSource } from "../aws/ignored-source.js";
import { formatRequest } from "../aws/request-log.js";
import { type Context, showForeignEndpoint, standInNote } from "../context.js";

const found = new WeakMap<Context, Promise<AwsAccess>>();

/**
 * How to reach AWS, or the running stand-in; settled, checked and told to people at the first call of a command.
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
  // One that was named needs no telling.
  if (settings.local && settings.iotEndpoint === undefined) output.note(standInNote(access.iotEndpoint));
  const competition = await findIgnoredSource(access, host.signal);
  if (competition?.byFlag === true) output.note(competition.message);
  else if (competition !== undefined) output.warn(competition.message);
  return access;
}
