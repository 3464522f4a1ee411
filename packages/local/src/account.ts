/** The one account of the stand-in; twelve digits, as AWS has them. */
export const ACCOUNT_ID = "000000000000";
/** Region of everything in it unless `startLocal` says otherwise. */
export const DEFAULT_REGION = "us-east-1";

/** `arn:aws:iot:<region>:<account>:<resource>`, such as `thing/thermostat-7` or `job/fw-12`. */
export function iotArn(region: string, resource: string): string {
  return `arn:aws:iot:${region}:${ACCOUNT_ID}:${resource}`;
}
