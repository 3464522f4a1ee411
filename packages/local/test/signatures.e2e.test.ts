import { once } from "node:events";
import { request as httpsRequest } from "node:https";
import { CreateThingCommand, DescribeThingCommand, IoTClient, ListThingsCommand } from "@aws-sdk/client-iot";
import {
  DescribeJobExecutionCommand,
  GetPendingJobExecutionsCommand,
  IoTJobsDataPlaneClient,
} from "@aws-sdk/client-iot-jobs-data-plane";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Local, startLocal } from "../src/index.js";

// --verify-signatures on the two REST services, with the official clients. S3's tests are in s3-sdk.e2e.test.ts.

let local: Local;

beforeAll(async () => {
  local = await startLocal({
    verifySignatures: true,
    credentials: [{ accessKeyId: "AKIAFLEET", secretAccessKey: "a+secret/with=signs" }],
  });
});

afterAll(() => local.stop());

const FLEET = { accessKeyId: "AKIAFLEET", secretAccessKey: "a+secret/with=signs" };

function options(credentials = FLEET) {
  return { endpoint: local.endpoint, region: local.region, credentials, maxAttempts: 1 };
}

test("a known key pair is accepted: bodies, queries, encoded names and `$next` in the path", async () => {
  const iot = new IoTClient(options());
  const data = new IoTJobsDataPlaneClient(options());
  await iot.send(
    new CreateThingCommand({ thingName: "a:b", attributePayload: { attributes: { model: "x#1" } } }),
  );
  expect(await iot.send(new DescribeThingCommand({ thingName: "a:b" }))).toMatchObject({ thingName: "a:b" });
  const listed = await iot.send(
    new ListThingsCommand({ attributeName: "model", attributeValue: "x#1", maxResults: 1 }),
  );
  expect(listed.things).toHaveLength(1);
  expect(await data.send(new GetPendingJobExecutionsCommand({ thingName: "a:b" }))).toMatchObject({
    queuedJobs: [],
  });
  const next = await data.send(new DescribeJobExecutionCommand({ thingName: "a:b", jobId: "$next" }));
  expect(next.execution).toBeUndefined();
});

const WRONG = [
  ["an unknown key", { ...FLEET, accessKeyId: "AKIAOTHER" }, "UnrecognizedClientException"],
  ["a wrong secret", { ...FLEET, secretAccessKey: "guessed" }, "InvalidSignatureException"],
] as const;

describe.each(WRONG)("%s", (_what, credentials, name) => {
  test(`is ${name} to iot`, async () => {
    const iot = new IoTClient(options(credentials));
    await expect(iot.send(new CreateThingCommand({ thingName: "no" }))).rejects.toMatchObject({
      name,
      $metadata: { httpStatusCode: 403 },
    });
  });

  test(`is ${name} to iot-jobs-data`, async () => {
    const data = new IoTJobsDataPlaneClient(options(credentials));
    await expect(data.send(new GetPendingJobExecutionsCommand({ thingName: "a:b" }))).rejects.toMatchObject({
      name,
      $metadata: { httpStatusCode: 403 },
    });
  });
});

test("a signature for another region is refused", async () => {
  const iot = new IoTClient({ ...options(), region: "eu-west-1" });
  await expect(iot.send(new ListThingsCommand({}))).rejects.toMatchObject({
    name: "InvalidSignatureException",
    message: expect.stringContaining("valid region"),
  });
});

test("a signature of an hour ago is refused", async () => {
  const iot = new IoTClient({ ...options(), systemClockOffset: -3_600_000 });
  await expect(iot.send(new ListThingsCommand({}))).rejects.toMatchObject({
    name: "InvalidSignatureException",
    message: expect.stringContaining("not valid at this time"),
  });
});

test("a changed body is refused", async () => {
  const iot = new IoTClient(options());
  iot.middlewareStack.add(
    (next) => (args) => {
      const sent = args.request as { body: Uint8Array };
      sent.body = Buffer.from(new TextDecoder().decode(sent.body).replace("myself", "anyone"));
      return next(args);
    },
    { step: "deserialize", priority: "low" },
  );
  const create = new CreateThingCommand({
    thingName: "changed",
    attributePayload: { attributes: { by: "myself" } },
  });
  await expect(iot.send(create)).rejects.toMatchObject({ name: "InvalidSignatureException" });
});

test("a missing signature and one of another scheme are refused", async () => {
  const bare = await fetch(`${local.endpoint}/things`);
  expect(bare.status).toBe(403);
  expect(bare.headers.get("x-amzn-errortype")).toBe("MissingAuthenticationTokenException");
  const basic = await fetch(`${local.endpoint}/things`, { headers: { authorization: "Basic eDp5" } });
  expect(basic.status).toBe(403);
  expect(basic.headers.get("x-amzn-errortype")).toBe("IncompleteSignatureException");
});

test("a device with a certificate needs no signature for iot-jobs-data, but cannot use iot", async () => {
  const { certificatePem, privateKeyPem } = await local.provisionThing("by-certificate");
  const get = async (path: string) => {
    const request = httpsRequest(`${local.https}${path}`, {
      ca: local.caPem,
      cert: certificatePem,
      key: privateKeyPem,
    });
    request.end();
    const [response] = await once(request, "response");
    response.resume();
    await once(response, "end");
    return response.statusCode;
  };
  expect(await get("/things/by-certificate/jobs")).toBe(200);
  expect(await get("/things/by-certificate")).toBe(403);
});
