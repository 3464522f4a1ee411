import { Argument, Command, Option } from "commander";
import { expect, test } from "vitest";
import { collect } from "../settings/flags.js";
import { complete } from "./complete.js";

function program(): Command {
  const publish = new Command("publish")
    .argument("<image...>")
    .option("--to <target>", "target", collect)
    .option("--presign <who>", "who")
    .option("--delta <how>", "how")
    .option("-n, --dry-run", "change nothing")
    .option("--sign <key>", "key");
  const status = new Command("status").argument("[job]").option("--thing <name>", "one thing");
  const device = new Command("device").addOption(new Option("--fail <how>").choices(["boot", "hang"]));
  const help = new Command("help").argument("[command]");
  const completion = new Command("completion").addArgument(new Argument("<shell>").choices(["bash", "zsh"]));
  const all = new Command("fota").option("--local", "stand-in").option("--region <name>", "region");
  const create = new Command("create").argument("<name>").option("--out <folder>", "folder");
  const thing = new Command("thing").helpCommand(false).addCommand(create);
  thing.addCommand(new Command("delete").argument("<thing>").option("--force", "at once"));
  const fleet = new Command("fleet").argument("[thing]").option("--group <name>", "group");
  for (const command of [publish, status, device, completion, help, thing, fleet]) {
    all.addCommand(command);
  }
  return all.addCommand(new Command("complete"), { hidden: true });
}

function valuesAt(line: string): string[] {
  return complete(program(), line.split(" ").slice(1)).candidates.map(({ value }) => value);
}

test.each([
  ["fota ", ["publish", "status", "device", "completion", "help", "thing", "fleet"]],
  ["fota st", ["status"]],
  ["fota help st", ["status"]],
  ["fota help o", ["options"]],
  [
    "fota publish -",
    ["--to", "--presign", "--delta", "--dry-run", "-n", "--sign", "--help", "-h", "--local", "--region"],
  ],
  ["fota publish -n -", ["--to", "--presign", "--delta", "--sign", "--help", "-h", "--local", "--region"]],
  ["fota --region eu-west-1 st", ["status"]],
  ["fota --lo", ["--local"]],
  ["fota status --", ["--thing", "--help", "--local", "--region"]],
  ["fota status --local --", ["--thing", "--help", "--region"]],
  ["fota publish --to a --t", ["--to"]],
  ["fota device --fail ", ["boot", "hang"]],
  ["fota device --fail=h", ["--fail=hang"]],
  ["fota publish --presign i", ["iot"]],
  ["fota publish --presign=", ["--presign=cli", "--presign=iot"]],
  ["fota publish --delta ", ["auto"]],
  ["fota completion ", ["bash", "zsh"]],
  ["fota completion bash ", []],
  ["fota publish app.bin -- --t", []],
  ["fota thing ", ["create", "delete"]],
  ["fota thing delete --", ["--force", "--help", "--local", "--region"]],
  ["fota thing create ", []],
])("%j: %j", (line, values) => {
  expect(valuesAt(line)).toEqual(values);
});

test.each([
  ["fota status ", { kind: "jobs", prefix: "" }],
  ["fota status --thing ", { kind: "things", prefix: "" }],
  ["fota fleet pu", { kind: "things", prefix: "" }],
  ["fota fleet --group be", { kind: "groups", prefix: "" }],
  ["fota publish app.bin --to gro", { kind: "targets", prefix: "" }],
  ["fota publish app.bin --to=", { kind: "targets", prefix: "--to=" }],
  ["fota status fota-1 ", undefined],
  ["fota thing delete pu", { kind: "things", prefix: "" }],
  ["fota thing create pu", undefined],
] as const)("%j wants names: %j", (line, names) => {
  expect(complete(program(), line.split(" ").slice(1)).names).toEqual(names);
});

test.each([
  ["fota publish ", true],
  ["fota publish a.bin ", true],
  ["fota publish --sign ", true],
  ["fota publish --to ", false],
  ["fota status ", false],
  ["fota --region ", false],
])("%j wants files: %s", (line, files) => {
  expect(complete(program(), line.split(" ").slice(1)).files).toBe(files);
});

test("what may be a file or a job is completed as both", () => {
  const withVerify = program().addCommand(new Command("verify").argument("<file|job>"));
  expect(complete(withVerify, ["verify", ""])).toMatchObject({ files: true, names: { kind: "jobs" } });
});

test("options on the line say which account it is", () => {
  const { options } = complete(program(), ["--region", "eu-west-1", "status", "--local", "--thing=a=b", ""]);
  expect(options).toEqual({ region: "eu-west-1", local: true, thing: "a=b" });
});

test("an option of a command hides one of the program with the same name", () => {
  const all = new Command("fota").version("1.0.0", "-v, --version");
  all.addCommand(new Command("fleet").option("--version <range>", "range of versions"));
  expect(complete(all, ["fleet", "--v"]).candidates).toEqual([
    { value: "--version", description: "range of versions" },
  ]);
});
