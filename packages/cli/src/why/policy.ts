import type { DevicePolicy } from "../aws/principals.js";

interface Statement {
  Effect?: unknown;
  Action?: unknown;
  Resource?: unknown;
  Condition?: unknown;
}

/**
 * Lists the permissions that a device needs to run a job. Any of the alternatives is enough: firmwares request their
 * jobs in different ways.
 */
const NEEDED: readonly { action: string; resources: readonly string[]; text: string }[] = [
  { action: "iot:Connect", resources: ["client/{thing}"], text: "iot:Connect" },
  {
    action: "iot:Publish",
    resources: ["get", "start-next", "$next/get", "{job}/get"].map(
      (topic) => `topic/$aws/things/{thing}/jobs/${topic}`,
    ),
    text: "iot:Publish on $aws/things/{thing}/jobs/get or $next/get",
  },
  {
    action: "iot:Publish",
    resources: ["topic/$aws/things/{thing}/jobs/{job}/update"],
    text: "iot:Publish on $aws/things/{thing}/jobs/{job}/update",
  },
  {
    action: "iot:Receive",
    resources: ["get/accepted", "start-next/accepted", "$next/get/accepted", "notify", "notify-next"].map(
      (topic) => `topic/$aws/things/{thing}/jobs/${topic}`,
    ),
    text: "iot:Receive on $aws/things/{thing}/jobs/*",
  },
];

/**
 * Returns the permissions that a device needs for a job and these policies do not give. In doubt, a permission counts
 * as given: a condition counts as met in an Allow and as not met in a Deny, and a variable that is not about the thing
 * matches anything.
 */
export function missingPermissions(policies: readonly DevicePolicy[], thing: string, job: string): string[] {
  const statements = policies.flatMap(statementsOf);
  const fill = (text: string) => text.replaceAll("{thing}", thing).replaceAll("{job}", job);
  return NEEDED.filter(({ action, resources }) => {
    // The firmware chooses its client id, so permission to connect with any id is enough.
    if (action === "iot:Connect") return !statements.some((each) => allows(each) && hasAction(each, action));
    return !resources.some((resource) => permitted(statements, action, fill(resource), thing));
  }).map(({ text }) => fill(text));
}

function permitted(
  statements: readonly Statement[],
  action: string,
  resource: string,
  thing: string,
): boolean {
  const about = statements.filter(
    (each) =>
      hasAction(each, action) && listOf(each.Resource).some((pattern) => covers(pattern, resource, thing)),
  );
  const denied = about.some((each) => each.Effect === "Deny" && each.Condition === undefined);
  return !denied && about.some(allows);
}

function allows({ Effect }: Statement): boolean {
  return Effect === "Allow";
}

function hasAction({ Action }: Statement, action: string): boolean {
  return listOf(Action).some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase()));
}

function covers(pattern: string, resource: string, thing: string): boolean {
  const filled = pattern
    .replaceAll(/\$\{iot:(Connection\.Thing\.ThingName|ClientId)\}/gi, thing)
    .replaceAll(/\$\{[^}]*\}/g, "*");
  // Compare only what follows region and account: names of things may contain colons too.
  const own = /^arn:[^:]*:iot:[^:]*:[^:]*:(.*)$/s.exec(filled)?.[1] ?? filled;
  return matches(own, resource);
}

/** Matches a pattern: `*` stands for any text, `?` for one character. */
function matches(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(text);
}

function statementsOf({ document }: DevicePolicy): Statement[] {
  try {
    const { Statement = [] } = JSON.parse(document) as { Statement?: Statement | Statement[] };
    return [Statement].flat();
  } catch {
    return [];
  }
}

function listOf(value: unknown): string[] {
  return [value].flat().filter((each) => typeof each === "string");
}
