/**
 * The errors of the shadow service; over MQTT, the HTTP status is their code. Source of the texts: AWS IoT Developer Guide,
 * "Device Shadow error messages"; names and statuses: API model of iot-data 2015-05-28.
 */
import type { ShadowId } from "@fota/shared";
import { AwsError, invalidRequest, notFound } from "../errors.js";

/** Most levels of objects and lists below `desired` or `reported`. AWS General Reference, quotas of Device Shadow. */
export const STATE_DEPTH_MAX = 8;

export const invalidJson = () => invalidRequest("Invalid JSON");
export const missingState = () => invalidRequest("Missing required node: state");
export const invalidVersion = () => invalidRequest("Invalid version");
export const invalidClientToken = () => invalidRequest("Invalid clientToken");
export const tooDeep = () =>
  invalidRequest(`JSON contains too many levels of nesting; maximum is ${STATE_DEPTH_MAX}`);

/** `node` is `State`, `Desired` or `Reported`. */
export const notAnObject = (node: string) => invalidRequest(`${node} node must be an object`);
export const invalidNode = (name: string) => invalidRequest(`State contains an invalid node: '${name}'`);

export const wrongVersion = () => new AwsError("ConflictException", 409, "Version conflict");
export const tooLarge = () =>
  new AwsError("RequestEntityTooLargeException", 413, "The payload exceeds the maximum size allowed");
export const wrongEncoding = () =>
  new AwsError(
    "UnsupportedDocumentEncodingException",
    415,
    "Unsupported documented encoding; supported encoding is UTF-8",
  );

/** AWS names a named shadow `<thing>~<shadow>` here, and the classic one like its thing. */
export function noSuchShadow({ thingName, shadowName }: ShadowId): AwsError {
  const name = shadowName === undefined ? thingName : `${thingName}~${shadowName}`;
  return notFound(`No shadow exists with name: '${name}'`);
}
