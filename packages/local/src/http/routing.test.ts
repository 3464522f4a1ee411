import { expect, test } from "vitest";
import { routeRequest } from "./routing.js";

function signedFor(service: string): string {
  const credential = `Credential=test/20261124/us-east-1/${service}/aws4_request`;
  return `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=00`;
}

test.each([
  { url: "/things/t1/jobs", authorization: signedFor("iot"), route: { service: "iot" } },
  { url: "/things/t1/jobs", authorization: signedFor("execute-api"), route: { service: "iot" } },
  { url: "/policy-principals", route: { service: "iot" } },
  { url: "/things/t1/jobs", authorization: signedFor("iot-jobs-data"), route: { service: "iot-jobs-data" } },
  { url: "/things/t1/shadow", authorization: signedFor("iotdata"), route: { service: "iot-data" } },
  { url: "/things/t1/shadow", authorization: signedFor("iotdevicegateway"), route: { service: "iot-data" } },
  { url: "/jobs", authorization: signedFor("s3"), route: { service: "s3" } },
  { url: "/", authorization: signedFor("iam"), route: { unknown: "iam" } },
  { url: "/", authorization: signedFor("sts"), route: { service: "sts" } },
  {
    url: "/jobs/app.bin?X-Amz-Credential=test%2F20261124%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=00",
    route: { service: "s3" },
  },
  {
    url: "/things/t1/jobs",
    host: "data.jobs.iot.us-east-1.amazonaws.com",
    route: { service: "iot-jobs-data" },
  },
  { url: "/topics/a", host: "a1b2-ats.iot.us-east-1.amazonaws.com", route: { service: "iot-data" } },
  {
    url: "/role-aliases/upload/credentials",
    host: "a1b2.credentials.iot.us-east-1.amazonaws.com",
    route: { service: "iot-credentials" },
  },
  { url: "/role-aliases/upload/credentials", route: { service: "iot-credentials" } },
  { url: "/role-aliases/upload", route: { service: "iot" } },
  { url: "/things/t1", host: "iot.us-east-1.amazonaws.com", route: { service: "iot" } },
  { url: "/things/t1", host: "things.s3.us-east-1.amazonaws.com", route: { service: "s3" } },
  { url: "/jobs/x", host: "fw.localhost:4566", route: { service: "s3" } },
  { url: "/things/t1/jobs", route: { service: "iot" } },
  { url: "/things/t1/jobs", certificate: true, route: { service: "iot-jobs-data" } },
  { url: "/things/t1/jobs/$next", certificate: true, route: { service: "iot-jobs-data" } },
  { url: "/things/t1/shadow?name=fota", certificate: true, route: { service: "iot-data" } },
  { url: "/api/things/shadow/ListNamedShadowsForThing/t1", route: { service: "iot-data" } },
  { url: "/api/things/a.bin", route: { service: "s3" } },
  { url: "/retainedMessage/a", route: { service: "iot-data" } },
  { url: "/topics/a", route: { service: "s3" } },
  { url: "/topics/a", method: "POST", route: { service: "iot-data" } },
  { url: "/endpoint?endpointType=iot:Data-ATS", route: { service: "iot" } },
  { url: "/", route: { service: "s3" } },
  { url: "/fw-releases/app.bin", route: { service: "s3" } },
] as const)("$url for $host, $authorization goes to $route", (given) => {
  const {
    url,
    host = "127.0.0.1:4566",
    authorization,
    certificate = false,
    method,
  } = { authorization: undefined, method: "GET", ...given };
  const headers = { host, ...(authorization && { authorization }) };
  expect(routeRequest({ method, url, headers, rawHeaders: [] }, certificate)).toEqual(given.route);
});
