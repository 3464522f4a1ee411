import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Accounts, startAccounts } from "./accounts.js";
import { speedUpClock } from "./fast-clock.js";
import { runFota } from "./in-process.js";
import { stubEnvironment } from "./stub-environment.js";

let folder: string;
let accounts: Accounts;
let config: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-credentials-"));
  config = join(folder, "config");
  accounts = await startAccounts();
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await accounts.stop();
  await rm(folder, { recursive: true });
});

const KEYS = { AWS_ACCESS_KEY_ID: "AKIAENV", AWS_SECRET_ACCESS_KEY: "s" };
const PROFILE = `[profile ci]
aws_access_key_id = AKIAPROFILE
aws_secret_access_key = s
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = s
`;

interface Run {
  env?: Record<string, string>;
  profiles?: string;
  settings?: object;
  args?: string[];
  /** Where the services are; by default AWS_ENDPOINT_URL. */
  endpoint?: Record<string, string>;
}

async function list({ env = {}, profiles = PROFILE, settings = {}, args = [], endpoint }: Run) {
  await writeFile(config, profiles);
  await writeFile(join(folder, "fota.config.json"), JSON.stringify(settings));
  vi.unstubAllEnvs();
  stubEnvironment({
    AWS_CONFIG_FILE: config,
    HOME: folder,
    ...(endpoint ?? { AWS_ENDPOINT_URL: accounts.endpoint }),
  });
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) vi.stubEnv(name, undefined);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  return await runFota(["list", ...args], { cwd: folder });
}

function keys(): (string | undefined)[] {
  return [...new Set(accounts.asked.map(({ key }) => key))];
}

test.each([
  ["--profile before keys in the environment", { args: ["--profile", "ci"], env: KEYS }, "AKIAPROFILE"],
  ["keys in the environment before AWS_PROFILE", { env: { ...KEYS, AWS_PROFILE: "ci" } }, "AKIAENV"],
  ["keys in the environment before the settings file", { env: KEYS, settings: { profile: "ci" } }, "AKIAENV"],
  [
    "keys in the environment where the settings file's profile is not there, as in CI",
    { env: KEYS, settings: { profile: "mine" } },
    "AKIAENV",
  ],
  [
    "AWS_PROFILE before the settings file",
    { env: { AWS_PROFILE: "ci" }, settings: { profile: "default" } },
    "AKIAPROFILE",
  ],
  ["AWS_DEFAULT_PROFILE", { env: { AWS_DEFAULT_PROFILE: "ci" } }, "AKIAPROFILE"],
  ["the settings file before the profile default", { settings: { profile: "ci" } }, "AKIAPROFILE"],
  ["the profile default", {}, "AKIADEFAULT"],
] as const)("credentials: %s", async (_what, run, key) => {
  expect((await list(run as Run)).code).toBe(0);
  expect(keys()).toEqual([key]);
});

test.each([
  [
    { env: { ...KEYS, AWS_PROFILE: "ci" } },
    "warning: using account 111111111111 (the keys in the environment), not profile ci of AWS_PROFILE\n",
  ],
  [
    { env: KEYS, settings: { profile: "ci" }, args: ["--json", "--quiet"] },
    "warning: using account 111111111111 (the keys in the environment), not profile ci of the settings file\n",
  ],
  [
    { env: KEYS, args: ["--profile", "ci"] },
    "using account 222222222222 (profile ci of --profile), not the keys in the environment\n",
  ],
  [
    { env: { AWS_PROFILE: "ci" }, settings: { profile: "default" } },
    "warning: using account 222222222222 (profile ci of AWS_PROFILE), not profile default of the settings file\n",
  ],
  [{ env: KEYS }, ""],
  [{ env: { AWS_PROFILE: "ci" } }, ""],
])("two that compete are reported with the account that is used: %j", async (run, stderr) => {
  expect((await list(run as Run)).stderr).toBe(stderr);
});

test("a session token goes along with the keys, and half a key pair is refused before anything is sent", async () => {
  await list({ env: { ...KEYS, AWS_SESSION_TOKEN: "token" } });
  expect(accounts.asked[0]).toMatchObject({ key: "AKIAENV", token: "token" });
  accounts.asked.length = 0;
  const half = await list({ env: { AWS_ACCESS_KEY_ID: "AKIAENV" } });
  expect(half.stderr).toMatch(
    /AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not \(NO_CREDENTIALS\)/,
  );
  expect(accounts.asked).toEqual([]);
});

const withServices = (at: { services?: string; profile?: string }) => `${PROFILE}
[profile there]
aws_access_key_id = AKIATHERE
aws_secret_access_key = s
region = eu-west-1
${at.profile === undefined ? "" : `endpoint_url = ${at.profile}\n`}services = mine
[services mine]
s3 =
  endpoint_url = http://127.0.0.1:1
${at.services === undefined ? "" : `iot =\n  endpoint_url = ${at.services}\n`}`;

test.each([
  ["endpoint_url", (url: string) => withServices({ profile: url })],
  [
    "its services section, before endpoint_url",
    (url: string) => withServices({ services: url, profile: "http://127.0.0.1:1" }),
  ],
])("a profile's endpoint is asked: %s", async (_what, profiles) => {
  for (const chosen of [{ args: ["--profile", "there"] }, { env: { AWS_PROFILE: "there" } }]) {
    accounts.asked.length = 0;
    const run = { ...chosen, profiles: profiles(accounts.endpoint), endpoint: {} };
    expect(await list(run)).toMatchObject({ code: 0, stderr: "" });
    expect(accounts.asked).toMatchObject([{ key: "AKIATHERE", what: "GET /jobs" }]);
  }
});

test.each([
  [
    "--endpoint-url",
    (url: string) => ({ args: ["--endpoint-url", url], AWS_ENDPOINT_URL_IOT: "http://127.0.0.1:1" }),
  ],
  [
    "AWS_ENDPOINT_URL_IOT",
    (url: string) => ({ AWS_ENDPOINT_URL_IOT: url, AWS_ENDPOINT_URL: "http://127.0.0.1:1" }),
  ],
  ["AWS_ENDPOINT_URL", (url: string) => ({ AWS_ENDPOINT_URL: url })],
])("%s comes before the endpoints of the profile", async (_what, make) => {
  const { args = [], ...endpoint } = make(accounts.endpoint) as { args?: string[] } & Record<string, string>;
  const profiles = withServices({ services: "http://127.0.0.1:1" });
  expect((await list({ profiles, endpoint, args: ["--profile", "there", ...args] })).code).toBe(0);
  expect(keys()).toEqual(["AKIATHERE"]);
});

test("the endpoint of another profile than the chosen one is not asked", async () => {
  const profiles = withServices({ services: accounts.endpoint });
  const env = { AWS_PROFILE: "there", AWS_REGION: "xx-nowhere-1" };
  const { stderr } = await list({ profiles, env, endpoint: {}, args: ["--profile", "ci"] });
  expect(accounts.asked).toEqual([]);
  expect(stderr).toContain("iot.xx-nowhere-1.amazonaws.com:443");
});

test("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS leaves --endpoint-url alone, and no other", async () => {
  const profiles = withServices({ services: accounts.endpoint });
  const env = {
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true",
    AWS_REGION: "xx-nowhere-1",
    AWS_PROFILE: "there",
  };
  const { stderr } = await list({ profiles, env });
  expect(accounts.asked).toEqual([]);
  expect(stderr).toContain("iot.xx-nowhere-1.amazonaws.com:443");
  expect((await list({ profiles, env, args: ["--endpoint-url", accounts.endpoint] })).code).toBe(0);
});

test("a services section that is not there is reported, as by the aws command", async () => {
  const { code, stderr } = await list({ profiles: "[default]\nservices = mine\n", endpoint: {} });
  expect(stderr).toContain("profile default names the services section mine, which");
  expect([code, accounts.asked]).toEqual([2, []]);
});

test("a role is assumed at the STS endpoint of the profile, and its token goes along", async () => {
  const profiles = `${withServices({ profile: accounts.endpoint })}
[profile role]
role_arn = arn:aws:iam::123456789012:role/deploy
source_profile = there
endpoint_url = ${accounts.endpoint}
`;
  expect((await list({ profiles, endpoint: {}, args: ["--profile", "role"] })).stderr).toBe("");
  expect(accounts.asked).toEqual([
    { key: "AKIATHERE", what: "AssumeRole", token: undefined },
    { key: "ASIAROLE", what: "GET /jobs", token: "role-token" },
  ]);
});

const ROLE = "role_arn = arn:aws:iam::123456789012:role/deploy\n";

test.each([
  [
    "MFA",
    `${PROFILE}[profile x]\n${ROLE}source_profile = ci\nmfa_serial = arn:aws:iam::123456789012:mfa/me\n`,
    /profile x needs a code of the MFA device arn:aws:iam::123456789012:mfa\/me/,
    /aws configure export-credentials --profile x/,
  ],
  [
    "a failing credential_process",
    '[profile x]\ncredential_process = sh -c "echo vault is sealed >&2; exit 7"\n',
    /credential_process of profile x exited with 7; it wrote: vault is sealed \(/,
    /run the command/,
  ],
  [
    "a talkative credential_process",
    "[profile x]\ncredential_process = sh -c \"head -c 100000 /dev/zero | tr '\\\\0' x >&2; exit 1\"\n",
    /exited with 1; it wrote: x{300}\.\.\. \(/,
    /run the command/,
  ],
  [
    "a credential_process that prints no JSON",
    "[profile x]\ncredential_process = echo hello\n",
    /printed no JSON/,
    /Version/,
  ],
  [
    "a credential_process whose credentials ended",
    '[profile x]\ncredential_process = echo \'{"Version":1,"AccessKeyId":"a","SecretAccessKey":"b","Expiration":"2020-01-01T00:00:00Z"}\'\n',
    /ended at 2020-01-01T00:00:00Z/,
    /log in again/,
  ],
  [
    "an SSO session that ended",
    "[profile x]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\n[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://x.example\n",
    /the SSO session of profile x has ended, or there is none/,
    /aws sso login --profile x/,
  ],
  [
    "an sso-session that is not there",
    "[profile x]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\n",
    /profile x has sso_session corp, which is not in/,
    /\[sso-session corp\]/,
  ],
  [
    "a missing source_profile",
    `${PROFILE}[profile x]\n${ROLE}source_profile = cj\n`,
    /profile x has source_profile cj, which is not in/,
    /did you mean ci\?/,
  ],
  [
    "a circle of source_profile",
    `[profile x]\n${ROLE}source_profile = y\n[profile y]\n${ROLE}source_profile = x\n`,
    /in a circle: x -> y -> x/,
    /credentials of its own/,
  ],
  [
    "a web identity file that is not there",
    `[profile x]\n${ROLE}web_identity_token_file = /no/such/token\n`,
    /the web identity token file \/no\/such\/token of profile x does not exist/,
    /writes the token/,
  ],
  [
    "a misspelt profile",
    "[profile xy]\nregion = a\n[profile prod]\n",
    /there is no profile x of --profile in/,
    /did you mean xy\?/,
  ],
  [
    "no credentials at all",
    "[profile x]\nregion = eu-west-1\n",
    /profile x of --profile has no credentials/,
    /aws sso login/,
  ],
])(
  "%s is reported with its cause and a hint, and nothing is asked of AWS",
  async (_what, profiles, says, hint) => {
    const { code, stderr } = await list({ profiles, args: ["--profile", "x"] });
    const [error = "", advice = ""] = stderr.split("\nhint: ");
    expect(error).toMatch(says);
    expect(advice).toMatch(hint);
    expect(error).toContain("NO_CREDENTIALS");
    expect([code, accounts.asked]).toEqual([1, []]);
  },
);

test("a credential_process that fails is run once, and no other account takes its place", async () => {
  const count = join(folder, "count");
  const profiles = `${PROFILE}[profile x]\ncredential_process = sh -c "echo run >> ${count}; exit 1"\n`;
  await list({ profiles, args: ["--profile", "x"] });
  expect(await readFile(count, "utf8")).toBe("run\n");
  expect(accounts.asked).toEqual([]);
});

test("a web identity of the environment is used, and its missing file is reported", async () => {
  const token = join(folder, "token");
  await writeFile(token, "jwt");
  const env = { AWS_WEB_IDENTITY_TOKEN_FILE: token, AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/pod" };
  expect((await list({ env })).code).toBe(0);
  expect(accounts.asked.map(({ what }) => what)).toEqual(["AssumeRoleWithWebIdentity", "GET /jobs"]);
  const { stderr } = await list({ env: { ...env, AWS_WEB_IDENTITY_TOKEN_FILE: `${token}-no` } });
  expect(stderr).toContain(
    `the web identity token file ${token}-no of AWS_WEB_IDENTITY_TOKEN_FILE does not exist`,
  );
});

test("an expired session token and a refused role are reported as such", async () => {
  accounts.refuse.set("GET /jobs", { status: 403, name: "ExpiredTokenException" });
  const expired = await list({ env: { ...KEYS, AWS_SESSION_TOKEN: "old" } });
  expect(expired.stderr).toMatch(
    /ExpiredTokenException.*\(CREDENTIALS_REFUSED\)\nhint: the session token has expired/s,
  );
  accounts.refuse.set("AssumeRole", { status: 403, name: "AccessDenied" });
  const profiles = `${PROFILE}[profile x]\n${ROLE}source_profile = ci\n`;
  const refused = await list({ profiles, args: ["--profile", "x"] });
  expect(refused.stderr).toMatch(
    /cannot assume role arn:aws:iam::123456789012:role\/deploy for profile x.*AccessDenied.*\(ACCESS_DENIED\)\nhint: .*sts:AssumeRole/s,
  );
});

test("an instance metadata service that does not answer is named", async () => {
  const env = { AWS_EC2_METADATA_DISABLED: "false", AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://127.0.0.1:1" };
  const { stderr } = await list({ profiles: "", env });
  expect(stderr).toContain("the instance metadata service (IMDS) at http://127.0.0.1:1 gave none: ");
  const container = { AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://127.0.0.1:1/creds" };
  expect((await list({ profiles: "", env: container })).stderr).toContain(
    "the container's credential service at http://127.0.0.1:1/creds gave none: ",
  );
});

test("an endpoint that is not reached is named with host, port and cause", async () => {
  const at = (url: string) => list({ endpoint: { AWS_ENDPOINT_URL: url, AWS_MAX_ATTEMPTS: "1" }, env: KEYS });
  expect((await at("http://127.0.0.1:1")).stderr).toContain(
    "127.0.0.1:1 refuses the connection (ECONNREFUSED)",
  );
  expect((await at("http://no-such-host.invalid:81")).stderr).toMatch(
    /DNS does not know the host of no-such-host\.invalid:81 \((ENOTFOUND|EAI_AGAIN)\)/,
  );
  const { port } = new URL(accounts.endpoint);
  expect((await at(`https://127.0.0.1:${port}`)).stderr).toContain(`TLS with 127.0.0.1:${port} failed (`);
  const closing = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => closing.listen(0, "127.0.0.1", resolve));
  const { port: closed } = closing.address() as AddressInfo;
  expect((await at(`http://127.0.0.1:${closed}`)).stderr).toContain(
    `127.0.0.1:${closed} closed the connection (`,
  );
  await new Promise((resolve) => closing.close(resolve));
});

test.each([
  ["of the config file", '[profile "build server"]\n', "build server"],
  ["in single quotes", "[profile 'build server'] ; of CI\n", "build server"],
  ["behind two spaces", "[profile  ci2]\n", "ci2"],
  ["with letters of other alphabets", "[profile größe]\n", "größe"],
  ["that looks like another kind of section", "[profile services.x]\n", "services.x"],
  ["with a percent sign", "[profile a%20b]\n", "a%20b"],
])("a profile name %s is found, as by the aws command", async (_what, head, name) => {
  const profiles = `${head}aws_access_key_id = AKIANAMED\naws_secret_access_key = s\nregion = eu-west-3\n`;
  expect((await list({ profiles, args: ["--profile", name] })).stderr).toBe("");
  expect(keys()).toEqual(["AKIANAMED"]);
});

test("a profile of the credentials file may have spaces in its name", async () => {
  const credentials = join(folder, "credentials");
  await writeFile(credentials, "[build server]\naws_access_key_id = AKIANAMED\naws_secret_access_key = s\n");
  const env = { AWS_SHARED_CREDENTIALS_FILE: credentials, AWS_PROFILE: "build server" };
  expect((await list({ profiles: '[profile "build server"]\nregion = eu-west-3\n', env })).code).toBe(0);
  expect(keys()).toEqual(["AKIANAMED"]);
});

const ONE_PAIR = "aws_access_key_id = AKIAONE\naws_secret_access_key = s\n";

test("keys of a source profile come before its own role, as for the aws command", async () => {
  const profiles = `${PROFILE}[profile x]\n${ROLE}source_profile = y\n[profile y]\n${ONE_PAIR}${ROLE}source_profile = ci\n`;
  expect((await list({ profiles, args: ["--profile", "x"] })).code).toBe(0);
  expect(accounts.asked.map(({ key, what }) => `${what} ${key}`)).toEqual([
    "AssumeRole AKIAONE",
    "GET /jobs ASIAROLE",
  ]);
});

test.each([
  ["no source", ROLE, /role_arn with neither source_profile nor credential_source/],
  [
    "two sources",
    `${ROLE}source_profile = ci\ncredential_source = Environment\n`,
    /role_arn with both source_profile and credential_source/,
  ],
])("a role with %s is refused, and the keys beside it are not used", async (_what, role, says) => {
  const profiles = `${PROFILE}[profile x]\n${ONE_PAIR}${role}`;
  const { code, stderr } = await list({ profiles, args: ["--profile", "x"] });
  expect([code, accounts.asked]).toEqual([1, []]);
  expect(stderr).toMatch(says);
});

test("credential_process comes before keys of the config file, and after those of the credentials file", async () => {
  const print = `echo '{"Version": 1, "AccessKeyId": "AKIAPROCESS", "SecretAccessKey": "s"}'`;
  const profiles = `[profile x]\n${ONE_PAIR}credential_process = ${print}\n`;
  await list({ profiles, args: ["--profile", "x"] });
  const credentials = join(folder, "credentials");
  await writeFile(credentials, `[x]\n${ONE_PAIR.replace("ONE", "TWO")}`);
  await list({ profiles, args: ["--profile", "x"], env: { AWS_SHARED_CREDENTIALS_FILE: credentials } });
  expect(keys()).toEqual(["AKIAPROCESS", "AKIATWO"]);
});

test("the older name of the session token is read too", async () => {
  await list({ env: { ...KEYS, AWS_SECURITY_TOKEN: "older" } });
  await list({ profiles: `[default]\n${ONE_PAIR}aws_security_token = of-file\n` });
  expect(accounts.asked.map(({ token }) => token)).toEqual(["older", "of-file"]);
});

test("a pipe that nobody writes to as AWS_CONFIG_FILE ends with its name", async () => {
  speedUpClock(); // the wait for a writer
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const { code, stderr } = await list({ env: { ...KEYS, AWS_CONFIG_FILE: pipe } });
  expect(code).toBe(2);
  expect(stderr).toContain(`cannot read ${pipe}: no process writes to the pipe`);
});
