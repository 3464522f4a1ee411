// Processor time of the stand-in for a page of each list: among many items, compared with the same page among 100; and for
// a job of a thing with 1,000 pending job executions, compared with one of a thing with none.
//   node bench/local-pages.mjs [--items 100000] [--objects 20000] [--rounds 5] [--quick] [--json]
import { fork } from "node:child_process";
import { once } from "node:events";
import { figureRow } from "./harness/figures.mjs";
import { inTurns } from "./harness/in-turns.mjs";
import { cpuMsDuring } from "./harness/process.mjs";
import { runBench } from "./harness/run-bench.mjs";
import { iotClient } from "./iot-client.mjs";

const FEW = 100;
/** Items on a page, and also the items that a filter finds, whatever the size of the list. */
const PAGE = 40;
const PENDING = 1_000;
/** Jobs of a measurement. */
const JOBS = 200;
let jobs = 0;
const GOAL = { atMost: 1.5, of: "peer" };
const QUEUE_GOAL = { atMost: 2, of: "peer" };

async function standIn(items, objects) {
  const child = fork(new URL("stand-in-process.mjs", import.meta.url));
  const [info] = await once(child, "message");
  const client = iotClient(info);
  const stop = () => {
    client.close();
    child.send("stop");
  };
  return { ...client, ...info, pid: child.pid, items, objects, stop };
}

/** Items that a filter finds: `PAGE` of them, at the same distances. */
function isFound(index, items) {
  return index % Math.floor(items / PAGE) === 0 && index < PAGE * Math.floor(items / PAGE);
}

/** A group with all things, of which a job with an execution on each; few of them have an attribute, and have failed. */
async function seed({ ask, askJson, atOnce, items, objects, region }) {
  await ask("POST", "/dynamic-thing-groups/all", { queryString: "thingName:*" });
  await ask("POST", "/thing-types/rare", {});
  await atOnce(items, async (index) => {
    const rare = isFound(index, items);
    const attributePayload = { attributes: { line: "a", ...(rare && { site: "x" }) } };
    await ask("POST", `/things/t${index}`, { attributePayload, ...(rare && { thingTypeName: "rare" }) });
  });
  const group = `arn:aws:iot:${region}:000000000000:thinggroup/all`;
  await ask("PUT", "/jobs/all", { targets: [group], document: "{}" });
  await until(async () => {
    const { job } = await askJson("GET", "/jobs/all");
    return job.jobProcessDetails.numberOfQueuedThings === items;
  });
  await atOnce(items, async (index) => {
    if (isFound(index, items))
      await ask("POST", `/things/t${index}/jobs/all`, { status: "FAILED" }, "iot-jobs-data");
  });
  await ask("POST", "/things/busy", {});
  await ask("PUT", "/bucket", undefined, "s3");
  // Also of few objects, a folder has more than a page: then both pages with its prefix have as many.
  const folderOf = (index) => (index % 2 === 0 ? "even" : index % 10);
  await atOnce(objects, (index) => ask("PUT", `/bucket/${folderOf(index)}/${index}`, "x", "s3"));
}

async function until(isTrue) {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 100));
}

const bodyToken = (list) => (token) => [
  "POST",
  "/indices/search",
  { ...list, maxResults: PAGE, nextToken: token },
];
const queryToken = (path) => (token) => {
  const separator = path.includes("?") ? "&" : "?";
  const next = token === undefined ? "" : `&nextToken=${encodeURIComponent(token)}`;
  return ["GET", `${path}${separator}maxResults=${PAGE}${next}`];
};
const objectsAfter = (query) => (token) => {
  const next = token === undefined ? "" : `&continuation-token=${encodeURIComponent(token)}`;
  return ["GET", `/bucket?list-type=2&max-keys=${PAGE}${query}${next}`, undefined, "s3"];
};

/** `isDeep` lists are also measured in the middle and at their end. */
const LISTS = [
  { what: "executions of a job", request: queryToken("/jobs/all/things"), isDeep: true },
  { what: "executions of a job that failed", request: queryToken("/jobs/all/things?status=FAILED") },
  { what: "things", request: queryToken("/things"), isDeep: true },
  { what: "things of a type", request: queryToken("/things?thingTypeName=rare") },
  { what: "things by attribute", request: queryToken("/things?attributeName=site&attributeValue=x") },
  {
    what: "things by the beginning of an attribute",
    request: queryToken("/things?attributeName=site&attributeValue=x&usePrefixAttributeValue=true"),
  },
  { what: "things of a group", request: queryToken("/thing-groups/all/things"), isDeep: true },
  { what: "search for all things", request: bodyToken({ queryString: "thingName:*" }), isDeep: true },
  { what: "search by attribute", request: bodyToken({ queryString: "attributes.site:x" }) },
  { what: "search with a wildcard", request: bodyToken({ queryString: "attributes.site:x*" }) },
  { what: "objects of a bucket", request: objectsAfter(""), isDeep: true },
  { what: "objects with a prefix", request: objectsAfter("&prefix=even/") },
  { what: "objects by delimiter", request: objectsAfter("&delimiter=/") },
];

async function pageRows({ what, request, isDeep = false }, { few, many, rounds, requests }) {
  const tokens = await Promise.all([few, many].map((each) => tokensOf(each, request, isDeep)));
  const places = isDeep ? ["first", "middle", "last"] : ["first"];
  const rows = [];
  for (const place of places) {
    const measured = await inTurns(rounds, {
      ours: () => pageMs(many, request(tokens[1][place]), requests),
      peer: () => pageMs(few, request(tokens[0][place]), requests),
    });
    rows.push(figureRow({ what: `${what}, ${place} page`, unit: "ms CPU", ...measured, goal: GOAL }));
  }
  return rows;
}

/** Returns the tokens of the page in the middle, and of the last one that is full. */
async function tokensOf({ ask }, request, isDeep) {
  const tokens = [undefined];
  for (let token = isDeep ? "" : undefined; token !== undefined; ) {
    const answer = await ask(...request(tokens.at(-1)));
    token = /"nextToken":"([^"]+)"|<NextContinuationToken>([^<]+)/.exec(answer)?.slice(1).find(Boolean);
    if (token !== undefined) tokens.push(token);
  }
  const fullPages = tokens.length - 1;
  return { first: undefined, middle: tokens[fullPages >> 1], last: tokens[fullPages - 1] };
}

async function pageMs({ pid, ask }, args, requests) {
  const { cpuMs } = await cpuMsDuring(pid, async () => {
    for (let request = 0; request < requests; request += 1) await ask(...args);
  });
  return cpuMs / requests;
}

/** Creates jobs for one thing each time, and cancels them. */
async function queueRow(server, rounds) {
  const { ask } = server;
  await createJobs(server, PENDING, () => "busy");
  for (let index = 0; index < JOBS; index += 1) await ask("POST", `/things/idle${index}`, {});
  const measured = await inTurns(rounds, {
    ours: () => jobMs(server, () => "busy"),
    peer: () => jobMs(server, (index) => `idle${index}`),
  });
  const what = `a job for a thing with ${PENDING} pending, compared with none`;
  return figureRow({ what, unit: "ms CPU", ...measured, goal: QUEUE_GOAL });
}

async function jobMs(server, thingOf) {
  const { ask } = server;
  const { cpuMs } = await cpuMsDuring(server.pid, async () => {
    const ids = await createJobs(server, JOBS, thingOf);
    for (const id of ids) await ask("PUT", `/jobs/${id}/cancel`, {});
  });
  return cpuMs / JOBS;
}

/** Creates jobs with one target each; resolves when the last one has its execution. */
async function createJobs({ ask, askJson, region }, count, thingOf) {
  const ids = [];
  for (let index = 0; index < count; index += 1) {
    const targets = [`arn:aws:iot:${region}:000000000000:thing/${thingOf(index)}`];
    ids.push(`job${jobs}`);
    jobs += 1;
    await ask("PUT", `/jobs/${ids.at(-1)}`, { targets, document: "{}" });
  }
  await until(async () => {
    const { executionSummaries } = await askJson("GET", `/jobs/${ids.at(-1)}/things`);
    return executionSummaries.length === 1;
  });
  return ids;
}

const options = {
  items: { type: "string", default: "100000", quick: "5000" },
  objects: { type: "string", default: "20000", quick: "500" },
};
const name = "a page of 40 from the stand-in, compared with one of the same list with 100 items";

await runBench({ name, options }, async ({ values, rounds, isQuick, note }) => {
  const few = await standIn(FEW, FEW);
  const many = await standIn(Number(values.items), Number(values.objects));
  try {
    for (const each of [few, many]) {
      const startMs = performance.now();
      await seed(each);
      note(`${each.items} items in ${Math.round((performance.now() - startMs) / 1000)} s`);
    }
    const requests = isQuick ? 120 : 1_000;
    for (const { request } of LISTS) {
      for (const each of [few, many]) await pageMs(each, request(), requests); // compiles the code
    }
    const rows = [];
    for (const list of LISTS) rows.push(...(await pageRows(list, { few, many, rounds, requests })));
    rows.push(await queueRow(many, rounds));
    return rows;
  } finally {
    for (const each of [few, many]) each.stop();
  }
});
