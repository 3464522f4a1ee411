/** The stand-in's only account: twelve digits, as at AWS. */
export const ACCOUNT_ID = "000000000000";
/** Region of all resources unless `startLocal` sets another one. */
export const DEFAULT_REGION = "us-east-1";

/**
 * Returns `arn:aws:iot:<region>:<account>:<resource>`; `resource` is, for example, `thing/thermostat-7` or `job/fw-12`.
 */
export function iotArn(region: string, resource: string): string {
  return `arn:aws:iot:${region}:${ACCOUNT_ID}:${resource}`;
}
