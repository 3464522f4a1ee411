import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../shared/test/eventually.js";
import { fota, startFota } from "./cli.js";
import { type Dashboard, startDashboard } from "./dashboard.js";
import { type Fleet, startFleet } from "./fleet.js";

let fleet: Fleet;
let dashboard: Dashboard;
let cookie: string;
let jobId: string;

beforeAll(async () => {
  fleet = await startFleet();
  ({ jobId } = await fleet.publish({
    to: ["pump-0", "pump-1"],
    fwVersion: "1.4.0",
    model: "pump",
    abortOn: ["failed>60% after 3"],
  }));
  await fleet.report("pump-0", jobId, "SUCCEEDED", { running: "1.4.0" });
  dashboard = await startDashboard(fleet);
  cookie = await dashboard.cookie();
});
afterAll(async () => {
  await dashboard?.stop();
  await fleet?.stop();
});

const ask = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  dashboard.ask(path, { headers: { cookie, ...headers }, method });

test("the token opens the page once: it moves into a cookie that scripts and other sites never see", async () => {
  const opened = await dashboard.ask(`/jobs/x?page=2&token=${dashboard.token}`);
  expect(opened.status).toBe(303);
  expect(opened.headers.location).toBe("/jobs/x?page=2");
  expect(opened.headers["set-cookie"]).toEqual([
    expect.stringMatching(
      new RegExp(`^fota-dashboard-${dashboard.port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`),
    ),
  ]);
  expect(String(opened.headers["set-cookie"])).not.toContain(dashboard.token);
  expect((await ask("/")).status).toBe(200);
});

test("a link in a chat opens it without a redirect, which would leave the cookie out", async () => {
  const headers = {
    "sec-fetch-site": "cross-site",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
  };
  const opened = await dashboard.ask(`/?token=${dashboard.token}`, { headers });
  expect(opened).toMatchObject({ status: 200, headers: { refresh: "0; url=/" } });
});

test.each([
  ["no key", {}],
  ["a wrong cookie", { cookie: "fota-dashboard-1=x" }],
  ["a wrong bearer token", { authorization: "Bearer x" }],
  ["an empty bearer token", { authorization: "Bearer " }],
])("with %s, no page, no stream and no metrics", async (_name, headers) => {
  for (const path of ["/", "/events?page=/", "/metrics", "/nothing"]) {
    const { status, body } = await dashboard.ask(path, { headers });
    expect(status).toBe(401);
    expect(body).toContain("fota dashboard");
    expect(body).not.toContain(jobId);
  }
});

test("a wrong token in the URL is refused, even with a valid cookie", async () => {
  expect((await ask("/?token=x")).status).toBe(401);
  expect((await ask("/?token=")).status).toBe(401);
});

test("a foreign Host is refused before the token is looked at, as after DNS rebinding", async () => {
  for (const host of ["evil.example", `evil.example:${dashboard.port}`, "127.0.0.1", "127.0.0.1:1"]) {
    const { status, headers } = await ask(`/?token=${dashboard.token}`, { host });
    expect(status).toBe(421);
    expect(headers["set-cookie"]).toBeUndefined();
  }
  expect((await ask("/", { host: `localhost:${dashboard.port}` })).status).toBe(200);
});

test("a page of another origin gets nothing, and no CORS header ever invites one", async () => {
  for (const headers of [
    { origin: "https://evil.example" },
    { origin: "http://127.0.0.1:3000" },
    { origin: "null" },
    { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
    { "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" },
    { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
  ] as Record<string, string>[]) {
    const answer = await ask("/", headers);
    expect(answer.status).toBe(403);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  }
});

test.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])("%s is refused: it is read-only", async (method) => {
  expect(await ask("/", {}, method)).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
});

test("HEAD answers as GET does, without a body", async () => {
  expect(await ask("/", {}, "HEAD")).toMatchObject({ status: 200, body: "" });
});

test.each([
  "/../../etc/passwd",
  "/jobs/..%2f..%2fetc%2fpasswd",
  "/jobs/%2e%2e/metrics",
  "/jobs/%00",
  "/jobs/%ff",
  "/jobs/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
  "/things/a%2Fb",
  "/things/%22%3E%3Cimg%20src%3Dx%3E",
  `/jobs/${"x".repeat(200)}`,
  "/jobs/constructor/",
  "/favicon.ico",
])("%s is a page that does not exist, and not a part of the answer", async (path) => {
  const { status, body } = await ask(path);
  expect(status).toBe(404);
  expect(body).toContain("There is no such page");
  expect(body).not.toMatch(/root:|alert\(1\)|<img/);
});

test("an unknown job and thing are 404 pages with what to do", async () => {
  expect(await ask("/jobs/nothing-here")).toMatchObject({
    status: 404,
    body: expect.stringContaining("there is no job"),
  });
  expect(await ask("/things/nobody")).toMatchObject({
    status: 404,
    body: expect.stringContaining("there is no thing"),
  });
});

test("every answer forbids frames, caches, sniffing and referrers; a page permits only its own script and style", async () => {
  for (const path of ["/", `/jobs/${jobId}`, "/things/pump-0", "/nothing", "/metrics"]) {
    const { headers } = await ask(path);
    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "cross-origin-resource-policy": "same-origin",
      "cross-origin-opener-policy": "same-origin",
    });
    const policy = String(headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  }
});

test("headers that are too large, half a request and garbage do not disturb others", async () => {
  expect((await ask("/", { "x-large": "x".repeat(20_000) })).status).toBe(431);
  for (const text of [
    "GET / HTTP/1.1\r\nHost:",
    "\0\0\0\0\r\n\r\n",
    "GET http://evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n",
  ]) {
    const socket = connect(dashboard.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(text);
    if (text.endsWith("\r\n\r\n")) await once(socket.resume(), "close");
    else socket.destroy();
  }
  expect((await ask("/")).status).toBe(200);
});

test("the search for a thing leads to its page", async () => {
  expect(await ask("/things?name=pump-0")).toMatchObject({
    status: 303,
    headers: { location: "/things/pump-0" },
  });
  expect((await ask("/things?name=%2F%2Fevil.example")).headers.location).toBe("/things/%2F%2Fevil.example");
});

/** Splits metrics into samples; throws where a line is not in Prometheus's format. */
function samplesIn(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const label = '[a-z_]+="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
  const sample = new RegExp(`^([a-z_]+(?:\\{${label}(?:,${label})*\\})?) (\\S+)$`);
  for (const line of text.trimEnd().split("\n")) {
    if (/^# (HELP [a-z_]+ \S.*|TYPE [a-z_]+ (gauge|counter))$/.test(line)) continue;
    const [, name = "", value = ""] = sample.exec(line) ?? [];
    if (name === "" || samples.has(name)) throw new Error(`wrong or repeated: ${line}`);
    samples.set(name, Number(value));
  }
  return samples;
}

test("Prometheus scrapes counts of jobs and fleet with the token", async () => {
  const headers = { authorization: `Bearer ${dashboard.token}` };
  const scraped = await dashboard.ask("/metrics", { headers });
  expect(scraped.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
  const samples = samplesIn(scraped.body);
  expect(samples.get(`fota_job_executions{job="${jobId}",status="SUCCEEDED"}`)).toBe(1);
  expect(samples.get(`fota_job_executions{job="${jobId}",status="QUEUED"}`)).toBe(1);
  expect(samples.get(`fota_job_abort_threshold_percent{job="${jobId}",rule="1",failure_type="FAILED"}`)).toBe(
    60,
  );
  expect(samples.get('fota_fleet_things{version="1.4.0",model="pump"}')).toBe(1);
  expect(samples.get('fota_dashboard_read_success{part="jobs"}')).toBe(1);
  const again = samplesIn((await dashboard.ask(`/metrics?token=${dashboard.token}`)).body);
  expect(again.get("fota_dashboard_scrapes_total")).toBe(
    (samples.get("fota_dashboard_scrapes_total") ?? 0) + 1,
  );
});

test("promtool finds no fault in the metrics", async ({ skip }) => {
  if (spawnSync("promtool", ["--version"]).error !== undefined)
    skip("no promtool (Debian: apt install prometheus)");
  const { body } = await ask("/metrics");
  expect(execFileSync("promtool", ["check", "metrics"], { input: body, encoding: "utf8" })).toBe("");
});

/** Opens the stream of a page and waits for its first event. */
async function openStream(of: Dashboard, headers: Record<string, string>): Promise<IncomingMessage> {
  const options = { host: "127.0.0.1", port: of.port, path: "/events?page=/", headers, agent: false };
  const [response] = (await once(get(options), "response")) as [IncomingMessage];
  response.setEncoding("utf8");
  let text = "";
  for await (const piece of response.iterator({ destroyOnReturn: false })) {
    text += piece;
    if (text.includes("event: panels")) return response;
  }
  throw new Error("the stream ended early");
}

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s ends it with an open stream, which says so to the page",
  async (signal) => {
    const other = await startDashboard(fleet);
    const stream = await openStream(other, { cookie: await other.cookie() });
    let rest = "";
    stream.on("data", (piece: string) => {
      rest += piece;
    });
    const closed = once(stream, "close");
    expect(await other.stop(signal)).toMatchObject({ code: 0, stderr: "" }); // after 10 s, it would be killed
    await closed;
    expect(rest).toContain("event: stopped");
    await expect(other.ask("/")).rejects.toThrow("ECONNREFUSED");
  },
);

test("a page that has not changed since gets no panels again", async () => {
  const { body } = await ask("/nothing");
  const state = /data-state="([\w-]+)"/.exec(body)?.[1] ?? "";
  const options = {
    host: "127.0.0.1",
    port: dashboard.port,
    path: `/events?page=/nothing&state=${state}`,
    headers: { cookie },
    agent: false,
  };
  const [stream] = (await once(get(options), "response")) as [IncomingMessage];
  stream.setEncoding("utf8");
  const [first] = await once(stream, "data");
  expect(first).toBe("retry: 2000\n\n");
  stream.destroy();
});

test("--open gives the browser a key that works once, because other users see its command line", async () => {
  const folder = await mkdtemp(join(tmpdir(), "fota-open-"));
  const opened = join(folder, "opened");
  execFileSync("mkfifo", [opened]);
  await writeFile(join(folder, "xdg-open"), `#!/bin/sh\nprintf %s "$1" > '${opened}'\n`, { mode: 0o755 });
  const other = await startDashboard(fleet, {
    args: ["--open"],
    env: { PATH: `${folder}:${process.env["PATH"]}` },
  });
  const url = await readFile(opened, "utf8");
  expect(url.startsWith(`${other.origin}/?token=`)).toBe(true);
  expect(url).not.toContain(other.token);
  const path = url.slice(other.origin.length);
  expect((await other.ask(path)).status).toBe(303);
  expect((await other.ask(path)).status).toBe(401);
  await other.stop();
  await rm(folder, { recursive: true });
});

test("a browser that cannot be opened is a warning", async () => {
  const other = await startDashboard(fleet, { args: ["--open"], env: { PATH: "/nonexistent" } });
  expect((await other.stop()).stderr).toContain("the browser cannot be opened");
});

test("refused credentials are shown with what to do; fresh ones in the file are found without a restart", async () => {
  const strict = await startFleet({ verifySignatures: true });
  const file = join(strict.folder, "credentials");
  const write = (secret: string) =>
    writeFile(file, `[default]\naws_access_key_id = test\naws_secret_access_key = ${secret}\n`);
  await write("wrong");
  const other = await startDashboard(strict, { env: { AWS_SHARED_CREDENTIALS_FILE: file }, local: false });
  const headers = { cookie: await other.cookie() };
  const shows = async () => (await other.ask("/", { headers })).body.includes("CREDENTIALS_REFUSED");
  expect(await shows()).toBe(true);
  await write("test");
  await eventually(async () => expect(await shows()).toBe(false));
  await other.stop();
  await strict.stop();
});

test("with --local, the dashboard follows its stand-in to other ports, and no other stand-in", async () => {
  const runtime = await mkdtemp(join(tmpdir(), "fota-run-"));
  const env = { XDG_RUNTIME_DIR: runtime, TMPDIR: runtime };
  const start = async (name: string) => {
    const args = ["local", "--json", "--ports", "auto", "--dir", join(runtime, name), "--thing", name];
    const running = startFota(args, env);
    const info = JSON.parse(await running.line((line) => line.startsWith("{")));
    const stop = async () => {
      running.child.kill("SIGTERM");
      await running.ended;
    };
    return { info, stop };
  };
  const first = await start("mine");
  const other = await startDashboard({ local: first.info }, { env, isNamed: false });
  const headers = { cookie: await other.cookie() };
  const finds = async (thing: string) => (await other.ask(`/things/${thing}`, { headers })).status;
  expect(await finds("mine")).toBe(200);
  await first.stop();
  const foreign = await start("foreign");
  expect(await finds("foreign")).toBe(200);
  expect((await other.ask("/things/foreign", { headers })).body).toContain("ENDPOINT_UNREACHABLE");
  const again = await start("mine");
  await eventually(async () => {
    const { status, body } = await other.ask("/things/mine", { headers });
    expect(status).toBe(200);
    expect(body).not.toContain("ENDPOINT_UNREACHABLE");
    expect(body).toContain(`fota local at ${again.info.endpoint}`);
  });
  expect(await finds("foreign")).toBe(404);
  for (const each of [other, foreign, again]) await each.stop();
  await rm(runtime, { recursive: true });
});

test.each([
  [["--port", "70000"], "--port must be a port"],
  [["--host", "0.0.0.0"], "--host must be an address of this machine only"],
  [["--host", "example.com"], "--host must be an address of this machine only"],
  [["--host", "localhost.evil.example"], "--host must be an address of this machine only"],
])("%j is refused", async (args, message) => {
  const { code, stderr } = await fota(["dashboard", ...args], { AWS_REGION: "eu-west-1" });
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

test("a port in use is an error before anything is printed", async () => {
  const reach = ["--local", "--endpoint-url", fleet.local.endpoint];
  const taken = await fota(["dashboard", "--port", String(dashboard.port), ...reach]);
  expect(taken).toMatchObject({ code: 1, stdout: "" });
  expect(taken.stderr).toContain("PORT_IN_USE");
});

test("on ::1, the brackets belong to the host", async () => {
  const other = await startDashboard(fleet, { args: ["--host", "::1"] });
  expect(other.origin).toMatch(/^http:\/\/\[::1\]:\d+$/);
  const response = await fetch(other.url, { redirect: "manual" });
  expect(response.status).toBe(303);
  await other.stop();
});
