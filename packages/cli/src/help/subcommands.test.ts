import { Command } from "commander";
import { expect, test } from "vitest";
import { pathOf, withAncestors, withSubcommands } from "./subcommands.js";

const create = new Command("create");
const thing = new Command("thing").addCommand(create);
const program = new Command("fota").addCommand(thing).addCommand(new Command("list"));

test("a command below a command is called with both names", () => {
  expect([program, thing, create].map(pathOf)).toEqual(["", "thing", "thing create"]);
});

test("commands of all levels are found, from above and from below", () => {
  expect(withSubcommands(program).map((each) => each.name())).toEqual(["fota", "thing", "create", "list"]);
  expect(withAncestors(create)).toEqual([create, thing, program]);
});
