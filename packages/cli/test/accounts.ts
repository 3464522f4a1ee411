import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as an account would see it. */
export interface Asked {
  /** Access key that it is signed with. */
  key: string | undefined;
  /** Operation of a query API, else method and path. */
  what: string;
  token: string | undefined;
}

export interface Accounts {
  endpoint: string;
  asked: Asked[];
  /** Seconds that the clock of this server is behind that of this machine. */
  behindSeconds: number;
  /** In place of the answer to AssumeRole or of IoT: status and name of the error. */
  refuse: Map<string, { status: number; name: string }>;
  stop(): Promise<void>;
}

/** IoT and STS that only look at who asks: the account of a key is told by its name. */
export async function startAccounts(): Promise<Accounts> {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += String(piece);
    const what = new URLSearchParams(body).get("Action") ?? `${request.method} ${request.url?.split("?")[0]}`;
    const key = keyOf(request);
    accounts.asked.push({ key, what, token: request.headers["x-amz-security-token"]?.toString() });
    response.setHeader("date", new Date(Date.now() - accounts.behindSeconds * 1000).toUTCString());
    response.setHeader("connection", "close");
    const refusal = accounts.refuse.get(what);
    if (refusal !== undefined) {
      const isQuery = body.includes("Action=");
      response.writeHead(refusal.status, { "x-amzn-errortype": refusal.name });
      return void response.end(
        isQuery
          ? `<ErrorResponse><Error><Code>${refusal.name}</Code><Message>no</Message></Error></ErrorResponse>`
          : '{"message": "no"}',
      );
    }
    response.end(answerTo(what, key));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const accounts: Accounts = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    behindSeconds: 0,
    refuse: new Map(),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return accounts;
}

function keyOf({ headers }: IncomingMessage): string | undefined {
  return /Credential=([^/]+)/.exec(headers.authorization ?? "")?.[1];
}

function answerTo(what: string, key: string | undefined): string {
  if (what === "GetCallerIdentity") {
    const account = key === "AKIAPROFILE" ? "222222222222" : "111111111111";
    return `<R><Arn>arn:aws:iam::${account}:user/${key}</Arn><Account>${account}</Account></R>`;
  }
  if (what === "AssumeRole" || what === "AssumeRoleWithWebIdentity") {
    const credentials =
      "<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>role-token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>";
    return `<${what}Response><${what}Result><Credentials>${credentials}</Credentials></${what}Result></${what}Response>`;
  }
  return '{"jobs": []}';
}
