import { describe, expect, test } from "vitest";
import { FakeCloud, ManualClock, Power } from "../testing/index.js";
import { JobsClient, type JobsResult } from "./jobs-client.js";

function setUp() {
  const clock = new ManualClock();
  const cloud = new FakeCloud();
  let tokens = 0;
  const host = {
    next: () => 0.5,
    token: () => `token-${++tokens}`,
    sleep: (ms: number) => clock.sleep(ms),
    after: (ms: number, action: () => void) => clock.after(ms, action),
  };
  const mqtt = cloud.mqtt(new Power());
  return { clock, cloud, mqtt, client: new JobsClient(mqtt, host) };
}

function codeOf(result: JobsResult<unknown>): string {
  if (result.outcome === "accepted") return "accepted";
  return result.outcome === "rejected" ? result.rejection.code : result.error.code;
}

describe("requests", () => {
  test("B-24: each carries a token of its own, and B-21: leaves no handler behind", async () => {
    const { cloud, clock, client } = setUp();
    cloud.addJob("a", {});
    await clock.run(client.getPending());
    await clock.run(client.describe("a"));
    await clock.run(client.update({ jobId: "a", status: "IN_PROGRESS", details: {}, expectedVersion: 1 }));
    expect(cloud.published).toEqual([
      { topic: "$aws/things/thing-1/jobs/get", payload: { clientToken: "token-1" } },
      { topic: "$aws/things/thing-1/jobs/a/get", payload: { clientToken: "token-2" } },
      {
        topic: "$aws/things/thing-1/jobs/a/update",
        payload: {
          status: "IN_PROGRESS",
          statusDetails: {},
          includeJobExecutionState: true,
          expectedVersion: 1,
          clientToken: "token-3",
        },
      },
    ]);
    expect(cloud.subscriptions).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test("P-24, B-20: exactly the two answer topics are subscribed, no wildcards", async () => {
    const { cloud, clock, client } = setUp();
    let during: string[] = [];
    cloud.fault = () => {
      during = cloud.subscriptions;
      return undefined;
    };
    await clock.run(client.getPending());
    expect(during).toEqual([
      "$aws/things/thing-1/jobs/get/accepted",
      "$aws/things/thing-1/jobs/get/rejected",
    ]);
  });

  test("B-21: a second request about a job whose id begins like another's gets its own answer", async () => {
    const { cloud, clock, client } = setUp();
    cloud.addJob("job", { n: 1 });
    cloud.addJob("job-2", { n: 2 });
    const results = await clock.run(
      Promise.all([client.describe("job"), client.describe("job-2"), client.describe("job")]),
    );
    expect(results).toMatchObject(
      [1, 2, 1].map((n) => ({ outcome: "accepted", value: { document: { n } } })),
    );
  });

  test("B-23: a rejection is an answer, with its code as data", async () => {
    const { clock, client } = setUp();
    const result = await clock.run(client.describe("nothing"));
    expect(result).toMatchObject({ outcome: "rejected", rejection: { code: "ResourceNotFound" } });
    expect(result).toHaveProperty("rejection.error.code", "REQUEST_REJECTED");
  });
});

describe("B-22: no wait is without a limit", () => {
  test("an unanswered request is sent three times, 10 s each, then given up", async () => {
    const { cloud, clock, client } = setUp();
    cloud.fault = () => "lose";
    expect(codeOf(await clock.run(client.getPending()))).toBe("REQUEST_TIMED_OUT");
    expect(cloud.published.length).toBe(3);
    expect(clock.monotonicMs()).toBe(31_500);
    expect(cloud.subscriptions).toEqual([]);
  });

  test.each(["RequestThrottled", "InternalError"])("%s is worth repeating", async (code) => {
    const { cloud, clock, client } = setUp();
    cloud.fault = (_topic, _payload, count) => (count < 3 ? { code } : undefined);
    expect(codeOf(await clock.run(client.getPending()))).toBe("accepted");
  });

  test.each(["VersionMismatch", "InvalidStateTransition", "InvalidRequest"])("%s is not", async (code) => {
    const { cloud, clock, client } = setUp();
    cloud.fault = () => ({ code });
    expect(codeOf(await clock.run(client.update({ jobId: "a", status: "FAILED", details: {} })))).toBe(code);
    expect(cloud.published.length).toBe(1);
  });

  test("a closed connection is said at once", async () => {
    const { cloud, clock, mqtt, client } = setUp();
    await mqtt.disconnect();
    expect(codeOf(await clock.run(client.getPending()))).toBe("MQTT_CLOSED");
    expect(cloud.published).toEqual([]);
  });
});

describe("whose answer it is", () => {
  test("an answer with another token is not taken", async () => {
    const { cloud, clock, client } = setUp();
    cloud.fault = (topic, _payload, count) => {
      if (count > 1) return undefined;
      cloud.send(`${topic}/accepted`, { clientToken: "another", inProgressJobs: [{ jobId: "not-mine" }] });
      return "lose";
    };
    expect(await clock.run(client.getPending())).toEqual({
      outcome: "accepted",
      value: { inProgress: [], queued: [] },
    });
    expect(cloud.published.length).toBe(2);
  });

  test("an answer without a token is accepted only if no other request can have caused it", async () => {
    const { cloud, clock, client } = setUp();
    cloud.dropTokens = true;
    expect(codeOf(await clock.run(client.getPending()))).toBe("accepted");
    cloud.fault = () => "lose";
    await clock.run(client.getPending());
    cloud.fault = () => undefined;
    expect(codeOf(await clock.run(client.getPending()))).toBe("REQUEST_TIMED_OUT");
  });

  test("a doubled answer changes nothing", async () => {
    const { cloud, clock, client } = setUp();
    cloud.fault = () => "double";
    expect(codeOf(await clock.run(client.getPending()))).toBe("accepted");
  });
});

describe("payloads are not trusted", () => {
  test.each([
    ["no JSON", "{"],
    ["no object", "[1]"],
    ["null", "null"],
  ])("%s is no answer", async (_what, payload) => {
    const { cloud, clock, client } = setUp();
    cloud.fault = (topic) => {
      cloud.send(`${topic}/accepted`, payload);
      return "lose";
    };
    expect(codeOf(await clock.run(client.getPending()))).toBe("REQUEST_TIMED_OUT");
  });

  test.each([{}, { execution: {} }, { execution: null }, { execution: { jobId: 5 } }])(
    "%o has no execution",
    async (answer) => {
      const { cloud, clock, client } = setUp();
      cloud.fault = (topic, { clientToken }) => {
        cloud.send(`${topic}/accepted`, { ...answer, clientToken });
        return "lose";
      };
      expect(await clock.run(client.describe("a"))).toEqual({ outcome: "accepted", value: undefined });
    },
  );

  test("B-26: what is no summary is left out, and the oldest comes first", async () => {
    const { cloud, clock, client } = setUp();
    cloud.fault = (topic, { clientToken }) => {
      const queuedJobs = [{ jobId: "b", queuedAt: 2 }, 5, null, {}, { jobId: "a", queuedAt: 1 }];
      cloud.send(`${topic}/accepted`, { clientToken, queuedJobs, inProgressJobs: "none" });
      return "lose";
    };
    const result = await clock.run(client.getPending());
    expect(result).toMatchObject({ value: { inProgress: [], queued: [{ jobId: "a" }, { jobId: "b" }] } });
  });
});
