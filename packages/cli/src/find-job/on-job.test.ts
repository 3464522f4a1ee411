import { FotaError, hintOf, hintText } from "@fota/shared";
import { expect, test } from "vitest";
import { iotThat } from "../../test/service-that.js";
import { jobNotFound } from "../aws/jobs.js";
import { checkJobText, onJob } from "./on-job.js";

const HOUR_MS = 3_600_000;
const ago = (hours: number) => new Date(Date.now() - hours * HOUR_MS);

/** An account that lists these jobs in pages of 250; the first is the newest. */
function account(ids: readonly string[]) {
  const jobs = ids.map((jobId, i) => ({ jobId, createdAt: ago(i + 1) }));
  return iotThat({
    ListJobs: ({ nextToken }) => {
      const from = Number(nextToken ?? 0);
      const to = from + 250;
      return { jobs: jobs.slice(from, to), ...(to < jobs.length && { nextToken: String(to) }) };
    },
  });
}

/** What a command answers of `text`, in an account with these jobs, and what it told on the way. */
async function named(text: string, ids: readonly string[], iot = account(ids).iot) {
  const notes: string[] = [];
  const output = {
    during: (_text: string, task: () => unknown) => task(),
    note: (note: string) => notes.push(note),
  };
  const read = async (jobId: string) => {
    if (ids.includes(jobId)) return jobId;
    throw jobNotFound(jobId);
  };
  const jobId = await onJob({ output: output as never }, iot, text, read);
  return { jobId, notes };
}

async function refused(text: string, ids: readonly string[], iot?: ReturnType<typeof account>["iot"]) {
  const error = await named(text, ids, iot).catch((thrown: unknown) => thrown);
  if (!(error instanceof FotaError)) throw error;
  return { code: error.code, message: error.message, hint: hintText(hintOf(error) ?? "") };
}

const IDS = ["fota-1-4-1-00aa11bb22", "fota-1-4-0-9243387d29", "spring", "spring-2"];

test("an exact id is read at once, without a list of jobs, also where it is the start of another", async () => {
  const { iot, asked } = account(IDS);
  expect(await named("spring", IDS, iot)).toEqual({ jobId: "spring", notes: [] });
  expect(asked).toEqual([]);
});

test("the start of one id alone, or a version, is that job, and the whole id is told", async () => {
  expect(await named("fota-1-4-0", IDS)).toEqual({
    jobId: "fota-1-4-0-9243387d29",
    notes: ['"fota-1-4-0" is job fota-1-4-0-9243387d29'],
  });
  expect((await named("1-4-1", IDS)).jobId).toBe("fota-1-4-1-00aa11bb22");
  expect((await named("1.4.1", IDS)).jobId).toBe("fota-1-4-1-00aa11bb22");
});

test("last is the newest job, read from one page", async () => {
  const { iot, asked } = account([...IDS, ...Array.from({ length: 300 }, (_, i) => `old-${i}`)]);
  expect((await named("last", IDS, iot)).jobId).toBe("fota-1-4-1-00aa11bb22");
  expect(asked).toEqual(["ListJobs"]);
  expect(await refused("last", [])).toMatchObject({ code: "JOB_NOT_FOUND", message: "there is no job yet" });
});

test("a start of several ids names them, with their age", async () => {
  expect(await refused("1-4", IDS)).toEqual({
    code: "JOB_AMBIGUOUS",
    message:
      '2 job ids begin with "1-4": fota-1-4-1-00aa11bb22 (60 min ago), fota-1-4-0-9243387d29 (2 h ago)',
    hint: "give more of the id; `fota list` shows what each job is",
  });
  const many = Array.from({ length: 8 }, (_, i) => `fota-1-4-0-000000000${i}`);
  expect((await refused("1-4", many)).message).toMatch(/^8 job ids .*4 \(5 h ago\) and 3 more$/);
});

test("a job that is not found comes with near ids", async () => {
  expect(await refused("fota-1-4-0-9243387d28", IDS)).toMatchObject({
    code: "JOB_NOT_FOUND",
    message: 'there is no job "fota-1-4-0-9243387d28"',
    hint: expect.stringMatching(
      /^did you mean "fota-1-4-0-9243387d29".*\? if not, check the job id, the region/,
    ),
  });
});

test("no more than 2,000 jobs are read, and that is said", async () => {
  const { iot, asked } = account(Array.from({ length: 5_000 }, (_, i) => `job-${i}`));
  expect(await refused("thermostat", [], iot)).toMatchObject({
    message: 'there is no job "thermostat", and none of the newest 2,000 jobs has an id that begins with it',
    hint: expect.stringMatching(/; give the whole id of an older job$/),
  });
  expect(asked).toHaveLength(8);
});

test("where jobs cannot be listed, the error is that of the exact id", async () => {
  const denied = iotThat({
    ListJobs: () => {
      throw new FotaError("ACCESS_DENIED", "no");
    },
  });
  expect(await refused("spring-3", IDS, denied.iot)).toMatchObject({
    code: "JOB_NOT_FOUND",
    message: 'there is no job "spring-3"',
  });
});

test("another failure of a command is no reason to look for a job", async () => {
  const { iot, asked } = account(IDS);
  const output = { during: (_text: string, task: () => unknown) => task(), note: () => {} };
  const fail = async () => {
    throw new FotaError("JOB_ENDED", "it has ended");
  };
  await expect(onJob({ output: output as never }, iot, "spring", fail)).rejects.toMatchObject({
    code: "JOB_ENDED",
  });
  expect(asked).toEqual([]);
});

test.each(["", "a b", "a/b", "group:beta", "x".repeat(65)])("%j cannot name a job", (text) => {
  expect(() => checkJobText(text)).toThrow(expect.objectContaining({ code: "JOB_ID_INVALID" }));
});
