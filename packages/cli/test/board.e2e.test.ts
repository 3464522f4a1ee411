import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { get } from "node:https";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { type Fleet, startFleet } from "./fleet.js";

const host = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.internal === false && each.family === "IPv4")?.address;

let fleet: Fleet | undefined;
afterEach(async () => await fleet?.stop());

test.skipIf(host === undefined)(
  "a board on the network downloads an image with nothing but the files of its folder",
  async () => {
    fleet = await startFleet({ host: host ?? "", strict: true });
    const dir = join(fleet.folder, "board");
    expect(await fleet.fota(["thing", "create", "board-1", "--out", dir])).toMatchObject({ code: 0 });
    const config = JSON.parse(await readFile(join(dir, "agent.json"), "utf8"));
    expect(config.endpoint).toContain(host);

    const { document, images } = await fleet.publish({ to: ["board-1"] });
    expect(document.bc_url).toMatch(new RegExp(`^https://${host}:`)); // a device refuses http from the network
    const ca = await readFile(join(dir, config.download.ca));
    const [response] = await once(get(document.bc_url, { ca }), "response");
    expect(response.statusCode).toBe(200);
    expect(await buffer(response)).toHaveLength(images[0]?.size ?? 0);
  },
);
