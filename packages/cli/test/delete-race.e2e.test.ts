import { CreateJobCommand, DescribeJobCommand } from "@aws-sdk/client-iot";
import { DeleteObjectCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { imagesOf } from "@fota/shared";
import { afterEach, beforeEach, expect, test } from "vitest";
import { standInAccess } from "../src/aws/access.js";
import { type Cloud, openCloud } from "../src/aws/cloud.js";
import { executeDelete, planDelete } from "../src/delete/delete.js";
import { readImages } from "../src/image/read-images.js";
import { parseTargets } from "../src/job/targets.js";
import { planPublish } from "../src/publish/plan-publish.js";
import { executePlan } from "../src/publish/publish.js";
import { specsOf } from "../src/publish/specs.js";
import { planRepublish, readOldJob, republishSpec } from "../src/republish/plan-again.js";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";

const signal = new AbortController().signal;
const now = new Date();
const quiet = { onStep: () => {}, onBytes: () => {} };
let fleet: Fleet;
let cloud: Cloud;

beforeEach(async () => {
  fleet = await startFleet();
  cloud = openCloud(standInAccess(fleet.local.endpoint, fleet.local.region), signal);
});
afterEach(async () => {
  cloud.close();
  await fleet.stop();
});

/** Removes `key` when the image was found and its URL was tried, right before the job is created. */
function removeBeforeCreateJob(key: string): void {
  cloud.iot.client.middlewareStack.add(
    (next, context) => async (args) => {
      if (context.commandName === "CreateJobCommand") {
        await fleet.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key }));
      }
      return await next(args);
    },
    { step: "initialize" },
  );
}

async function isThere(key: string): Promise<boolean> {
  return await fleet.s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: key })).then(
    () => true,
    () => false,
  );
}

async function planFor(thing: string) {
  const request = { images: ["app.bin"], slot: 1, to: [thing], bucket: BUCKET };
  const specs = specsOf(request, { file: {}, env: {}, now });
  const files = await readImages(specs.imageSpec.images, {
    cwd: fleet.folder,
    signal,
    inParts: false,
    onBytes: () => {},
  });
  return await planPublish(
    { specs, files, signing: undefined, olds: { files: [], jobs: [], isAuto: false } },
    cloud,
    now,
  );
}

test("an image that is deleted between the trial of its URL and CreateJob is uploaded again", async () => {
  const { images } = await fleet.publish({ to: ["pump-0"] });
  const key = images[0]?.key ?? "";
  const plan = await planFor("pump-1");
  expect(plan.images[0].isThere).toBe(true);
  removeBeforeCreateJob(key);
  const { published } = await executePlan(plan, cloud, quiet);
  expect(await isThere(key)).toBe(true);
  const [image] = imagesOf(published.document);
  expect((await fetch(image?.bc_url ?? "")).status).toBe(200);
});

test("the same publish again uploads the image of its job that has gone", async () => {
  const { jobId, images } = await fleet.publish({ to: ["pump-0"] });
  const key = images[0]?.key ?? "";
  await fleet.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key }));
  const plan = await planFor("pump-0");
  const { published, created } = await executePlan(plan, cloud, quiet);
  expect({ jobId: published.jobId, created }).toEqual({ jobId, created: false });
  expect(await isThere(key)).toBe(true);
});

test("where there is no file to upload, the job whose image was deleted meanwhile is canceled, and that is said", async () => {
  const { jobId, images } = await fleet.publish({ to: ["pump-0"] });
  const old = await readOldJob(cloud, jobId, now);
  const spec = republishSpec(old, {}, parseTargets(["pump-1"], 1), { file: {}, env: {}, now });
  const plan = await planRepublish(old, spec, cloud, now, () => "again");
  removeBeforeCreateJob(images[0]?.key ?? "");
  await expect(executePlan(plan, cloud, quiet)).rejects.toMatchObject({
    code: "IMAGE_NOT_FOUND",
    message: expect.stringMatching(/was deleted while the job was created; job again is canceled$/),
  });
  const { job } = await fleet.iot.send(new DescribeJobCommand({ jobId: "again" }));
  expect(job?.status).toBe("CANCELED");
});

test("a job that was created between the last look and the removal is reported, and the deleted one stays", async () => {
  const done = await fleet.publish({ to: ["pump-0"] });
  await fleet.report("pump-0", done.jobId, "SUCCEEDED");
  const place = { bucket: undefined, prefix: "fota" };
  const options = { force: false, keepImage: false, place, progress: () => {} };
  const plan = await planDelete(cloud, done.jobId, options);
  const racing: Cloud = {
    ...cloud,
    s3: {
      ...cloud.s3,
      async call(call, request) {
        if (call.action === "s3:DeleteObject") {
          const targets = ["arn:aws:iot:us-east-1:000000000000:thing/pump-9"];
          const document = JSON.stringify(done.document);
          await fleet.iot.send(new CreateJobCommand({ jobId: "faster", targets, document }));
        }
        return await cloud.s3.call(call, request);
      },
    },
  };
  await expect(executeDelete(racing, plan, () => {})).rejects.toMatchObject({
    code: "IMAGE_NOT_FOUND",
    message: expect.stringContaining("job faster was created while its image s3://"),
    hint: expect.stringContaining("publish again"),
  });
  expect((await fleet.iot.send(new DescribeJobCommand({ jobId: done.jobId }))).job?.status).toBe("COMPLETED");
});

test("a digest that is escaped in another document counts as a use", async () => {
  const done = await fleet.publish({ to: ["pump-0"] });
  await fleet.report("pump-0", done.jobId, "SUCCEEDED");
  const sha256 = done.images[0]?.sha256 ?? "";
  const hex = [...sha256].map((digit) => `%${digit.charCodeAt(0).toString(16)}`).join("");
  const targets = ["arn:aws:iot:us-east-1:000000000000:thing/pump-9"];
  const document = `{"url": "https://x/${hex}"}`;
  await fleet.iot.send(new CreateJobCommand({ jobId: "escaped", targets, document }));
  const place = { bucket: undefined, prefix: "fota" };
  const options = { force: false, keepImage: false, place, progress: () => {} };
  const { images } = await planDelete(cloud, done.jobId, options);
  expect(images).toMatchObject([{ keep: "job escaped uses it" }]);
});
