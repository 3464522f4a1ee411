import { expect, test } from "vitest";
import { parseState } from "../src/core/saved-state.js";
import { documentOf, FakeWorld, imageOf, Power } from "../src/testing/index.js";

const [V1, V2, V3] = [imageOf(1, 3_000), imageOf(2, 4_000), imageOf(3, 5_000)];

// AWS IoT permits the same job id and execution number again after DeleteJob or DeleteJobExecution.

test.each([
  ["passes", true],
  ["fails", false],
])(
  "a job that is deleted and created again in any phase gets the verdict on its new document: the self test of the first image %s",
  async (_what, passes) => {
    const phases = new Set<string>();
    for (let cut = 1; !phases.has("trial"); cut += 1) {
      const world = new FakeWorld({ old: V1, new: V2 });
      const { cloud, flash, server } = world;
      server.object = V2;
      cloud.addJob("job-1", documentOf(V2, 1));
      const power = new Power(cut, "after");
      for (let boots = 0; boots < 3; boots += 1) {
        await world.boot({ power, selfTest: () => passes }).handle({ force: true });
      }
      const left = parseState(flash.state ?? "");
      if (left !== undefined) phases.add(left.phase);
      cloud.executions.length = 0;
      cloud.accepted.length = 0;
      server.object = V3;
      const again = cloud.addJob("job-1", documentOf(V3, flash.running.slot === 1 ? 0 : 1));
      for (let boots = 0; boots < 4; boots += 1) await world.boot().handle({ force: true });
      expect(again.status).toBe("SUCCEEDED");
      expect(Buffer.compare(flash.running.image, V3), `it runs the new image, after ${left?.phase}`).toBe(0);
      expect(cloud.accepted).toEqual(["IN_PROGRESS", "IN_PROGRESS", "IN_PROGRESS", "SUCCEEDED"]);
    }
    expect([...phases]).toEqual([
      "starting",
      "consulting",
      "downloading",
      "verifying",
      "installing",
      "trial",
    ]);
  },
);

test.each([
  ["a document that the device refuses", documentOf(V2, 9)],
  ["the image that runs", documentOf(V1, 1)],
])(
  "a verdict on %s that could not be reported is not that of the job that is created again",
  async (_what, first) => {
    const world = new FakeWorld({ old: V1, new: V2 });
    const { cloud, flash, server } = world;
    cloud.addJob("job-1", first);
    cloud.fault = (topic) => (topic.endsWith("/update") ? "lose" : undefined);
    await world.boot().handle({ force: true });
    expect(parseState(flash.state ?? "")).toMatchObject({ phase: "reporting" });
    cloud.fault = () => undefined;
    cloud.executions.length = 0;
    server.object = V3;
    const again = cloud.addJob("job-1", documentOf(V3, 1));
    for (let boots = 0; boots < 3; boots += 1) await world.boot().handle({ force: true });
    expect(again.status).toBe("SUCCEEDED");
    expect(Buffer.compare(flash.running.image, V3)).toBe(0);
  },
);
