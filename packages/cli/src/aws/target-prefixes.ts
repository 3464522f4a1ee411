/** Begin what `--to` takes for a group and for a query. Thing names may contain `:` too. */
export const GROUP_PREFIX = "group:";
export const QUERY_PREFIX = "query:";

/** Returns `name`, or `arn` if the command line would take the name of this thing for a group or a query. */
export function thingText(name: string, arn: string): string {
  return name.startsWith(GROUP_PREFIX) || name.startsWith(QUERY_PREFIX) ? arn : name;
}
