import { readFile } from "node:fs/promises";
import { CreateThingGroupCommand } from "@aws-sdk/client-iot";
import { expect, test } from "vitest";
import { startFleet } from "./fleet.js";

const PAGE = new URL("../../../docs/operations.md", import.meta.url);

interface Statement {
  Effect: string;
  Action: string | string[];
}

/** Returns the actions that the policy below "Permissions for things" allows. */
async function actionsInPage(): Promise<string[]> {
  const page = await readFile(PAGE, "utf8");
  const [, json = ""] = /\n### Permissions for things\n.*?```json\n(.*?)```/s.exec(page) ?? [];
  const { Statement } = JSON.parse(json) as { Statement: Statement[] };
  expect(Statement.every(({ Effect }) => Effect === "Allow")).toBe(true);
  return Statement.flatMap(({ Action }) => Action);
}

test("the policy of docs/operations.md allows exactly what `fota thing` calls", async () => {
  const fleet = await startFleet();
  const called = new Set<string>();
  const run = async (code: number, ...args: string[]) => {
    const ended = await fleet.fota(["thing", ...args, "--debug"]);
    expect(ended.code, ended.stderr).toBe(code);
    for (const [, operation] of ended.stderr.matchAll(/debug: IoT (\w+) at/g)) called.add(`iot:${operation}`);
  };
  try {
    await fleet.iot.send(new CreateThingGroupCommand({ thingGroupName: "beta" }));
    const create = ["create", "pump-new", "--out", "pump"];
    await run(1, ...create, "--group", "btea"); // looks for near names
    await run(0, ...create, "--group", "beta");
    await run(0, ...create, "--group", "beta", "--attributes", "model=p2");
    await fleet.publish({ to: ["pump-new"] });
    await run(0, "show", "pump-new");
    await run(1, "show", "pump-nwe");
    await run(0, "delete", "pump-new", "--force", "--yes");
  } finally {
    await fleet.stop();
  }
  expect((await actionsInPage()).sort()).toEqual([...called].sort());
});
