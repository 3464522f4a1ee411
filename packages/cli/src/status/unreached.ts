/**
 * Says that a canceled job may have things that it never reached: AWS IoT has no execution for them, so no count has
 * them. Returns `undefined` if there are none, or if the job reached no thing at all.
 * @param total number of executions; each retry on a thing counts again
 */
export function unreachedText(
  status: string,
  targetArns: readonly string[],
  total: number,
): string | undefined {
  if (status !== "CANCELED" || total === 0) return undefined;
  if (targetArns.some((arn) => arn.includes(":thinggroup/"))) {
    return "canceled: things of its groups that it had not reached do not get it, and are not counted";
  }
  const unreached = targetArns.length - total;
  if (unreached <= 0) return undefined;
  return `canceled: at least ${unreached} of ${targetArns.length} things never got it, and are not counted`;
}
