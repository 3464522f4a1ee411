import { type ErrorCode, FotaError, hintOf, hintText } from "@fota/shared";
import { expect, test } from "vitest";
import { iotThat } from "../../test/service-that.js";
import type { Iot } from "../aws/iot.js";
import { jobNotFound } from "../aws/jobs.js";
import { checkJobText, onJob } from "./on-job.js";

const HOUR_MS = 3_600_000;
const ago = (hours: number) => new Date(Date.now() - hours * HOUR_MS);

/** Makes an account that lists these jobs in pages of 250; the first is the newest. */
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

interface Situation {
  canAsk?: boolean;
  change?: { yes: boolean; dryRun?: boolean };
}

/** Returns the job that a command finds for `text` in an account with these jobs, and its notes. */
async function named(
  text: string,
  ids: readonly string[],
  iot = account(ids).iot,
  { canAsk = false, change }: Situation = {},
) {
  const notes: string[] = [];
  const output = {
    canAsk,
    during: (_text: string, task: () => unknown) => task(),
    note: (note: string) => notes.push(note),
    notes: { paint: (_style: string, painted: string) => painted },
  };
  const read = async (jobId: string) => {
    if (ids.includes(jobId)) return jobId;
    throw jobNotFound(jobId);
  };
  const jobId = await onJob({ output: output as never }, iot, text, read, change);
  return { jobId, notes };
}

async function refused(text: string, ids: readonly string[], iot?: Iot, situation?: Situation) {
  const error = await named(text, ids, iot, situation).catch((thrown: unknown) => thrown);
  if (!(error instanceof FotaError)) throw error;
  return { code: error.code, message: error.message, hint: hintText(hintOf(error) ?? "") };
}

const IDS = ["fota-1-4-1-00aa11bb22", "fota-1-4-0-9243387d29", "spring", "spring-2"];

test("an exact id is read at once, without a list of jobs, also where it is the start of another", async () => {
  const { iot, asked } = account(IDS);
  expect(await named("spring", IDS, iot)).toEqual({ jobId: "spring", notes: [] });
  expect(asked).toEqual([]);
});

test("the start of one id alone, or a version, is that job, and the whole id is reported", async () => {
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
    message: '"1-4" matches 2 jobs: fota-1-4-1-00aa11bb22 (60 min ago), fota-1-4-0-9243387d29 (2 h ago)',
    hint: "give more of the id; `fota list` shows what each job is",
  });
  const many = Array.from({ length: 8 }, (_, i) => `fota-1-4-0-000000000${i}`);
  expect((await refused("1-4", many)).message).toMatch(
    /^"1-4-?\S*" matches 8 jobs: .*4 \(5 h ago\) and 3 more$/,
  );
});

const REPEATED = ["fota-1-4-0-00aa11bb22", "fota-1-4-0-9243387d29", "fota-1-4-0-rc-1-1234567890", "spring"];

test.each(["1.4.0", "fota-1-4-0"])(
  "%s, the version of several jobs, is the newest of them for a command that changes nothing, which says so",
  async (text) => {
    expect(await named(text, REPEATED)).toEqual({
      jobId: "fota-1-4-0-00aa11bb22",
      notes: [`"${text}" is job fota-1-4-0-00aa11bb22, the newest of 2 of this version`],
    });
  },
);

test.each<[string, Situation]>([
  ["on a terminal", { canAsk: true, change: { yes: false } }],
  ["with --yes", { change: { yes: true } }],
  ["with --dry-run, as without it,", { change: { yes: false, dryRun: true } }],
])("%s, a command that changes something refuses the version of several jobs", async (_what, situation) => {
  expect(await refused("1.4.0", REPEATED, undefined, situation)).toMatchObject({
    code: "JOB_AMBIGUOUS",
    message: expect.stringMatching(/^"1\.4\.0" matches 2 jobs: /),
  });
});

test("with --dry-run, the start of an id names a job: nothing changes", async () => {
  const situation = { change: { yes: true, dryRun: true } };
  expect((await named("nightly", ["nightly-12"], undefined, situation)).jobId).toBe("nightly-12");
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

/** An account whose list of jobs fails so. */
function unlisted(code: ErrorCode) {
  return iotThat({
    ListJobs: () => {
      throw new FotaError(code, "no list");
    },
  }).iot;
}

test("where jobs may not be listed, the error is that of the exact id, and names the permission", async () => {
  expect(await refused("spring-3", IDS, unlisted("ACCESS_DENIED"))).toMatchObject({
    code: "JOB_NOT_FOUND",
    message: 'there is no job "spring-3"',
    hint: expect.stringContaining("only with iot:ListJobs"),
  });
});

test("where jobs may not be listed, it is not said of a version that there is no such job", async () => {
  expect(await refused("1.4.0", IDS, unlisted("ACCESS_DENIED"))).toMatchObject({
    code: "ACCESS_DENIED",
    hint: expect.stringContaining("give the whole id"),
  });
});

test.each(["THROTTLED", "ENDPOINT_UNREACHABLE"] as const)(
  "where the list of jobs fails with %s, that is the error: a job may well be there",
  async (code) => {
    expect(await refused("1-4-0", IDS, unlisted(code))).toMatchObject({ code, message: "no list" });
  },
);

test.each<[string, Situation]>([
  ["--yes", { canAsk: true, change: { yes: true } }],
  ["no terminal", { change: { yes: false } }],
])(
  "with %s, a change takes no start of an id: `nightly-1` again is not `nightly-12`",
  async (_what, situation) => {
    const ids = ["nightly-12", "fota-1-4-0-9243387d29"];
    expect(await refused("nightly-1", ids, undefined, situation)).toEqual({
      code: "JOB_NOT_FOUND",
      message: 'there is no job "nightly-1"; only the id of job nightly-12 begins with it',
      hint: expect.stringMatching(/^give the whole id if you mean nightly-12: /),
    });
    expect((await named("1.4.0", ids, undefined, situation)).jobId).toBe("fota-1-4-0-9243387d29");
    expect((await named("fota-1-4-0", ids, undefined, situation)).jobId).toBe("fota-1-4-0-9243387d29");
    expect((await named("last", ids, undefined, situation)).jobId).toBe("nightly-12");
  },
);

test("on a terminal, a change takes the start of an id, as fota says which job it found", async () => {
  const situation = { canAsk: true, change: { yes: false } };
  expect((await named("nightly", ["nightly-12"], undefined, situation)).jobId).toBe("nightly-12");
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
