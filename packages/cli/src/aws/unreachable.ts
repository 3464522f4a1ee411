import { hostOf } from "./hosts.js";
import { proxyErrorIn } from "./proxy-error.js";

/** Matches the codes of Node that mean: no answer came, or an answer that is not HTTP. */
const UNREACHABLE =
  /^(E(CONN|HOST|NET|PIPE|TIMEDOUT|NOTFOUND|AI_|PROTO)|ERR_(TLS|SSL|PROXY)|HPE_|CERT_|.*_CERT|UNABLE_TO_|.*_SIGNED_CERT)/;

/** Says what failed on the way to a host, and what to do. */
export interface Unreachable {
  /** Reads as in "127.0.0.1:9 refuses the connection (ECONNREFUSED)". */
  message: string;
  hint: string;
}

/** Returns the first code of Node that says that no answer came. */
export function unreachableCodeOf(error: unknown): string | undefined {
  return nodeCodesOf(error).find((code) => UNREACHABLE.test(code));
}

/** Names the host, the port and the cause: DNS, refused, timeout, route, TLS. */
export function explainUnreachable(error: unknown, endpoint: string | undefined): Unreachable {
  const proxy = proxyErrorIn(error);
  if (proxy !== undefined) return { message: proxy.message, hint: proxy.hint };
  const code = unreachableCodeOf(error);
  const host = hostOf(error, endpoint) ?? hostInError(error) ?? "the service";
  const why = code === undefined ? "" : ` (${code})`;
  const check = endpoint === undefined ? "check the network and the region" : CHECK_ENDPOINT;
  if (code === undefined || code === "ETIMEDOUT" || code === "ESOCKETTIMEDOUT") {
    return {
      message: `${host} did not answer in time${why}`,
      hint: `${check}; a firewall or proxy may drop it`,
    };
  }
  if (code === "ECONNREFUSED") return { message: `${host} refuses the connection${why}`, hint: check };
  if (code === "ENOTFOUND" || code.startsWith("EAI_")) {
    return { message: `DNS does not know the host of ${host}${why}`, hint: `${check}, and DNS` };
  }
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH") {
    return { message: `there is no route to ${host}${why}`, hint: check };
  }
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    return {
      message: `the TLS certificate of ${host} is not valid now${why}`,
      hint: "check this machine's clock, then the certificate",
    };
  }
  if (/CERT|UNABLE_TO_/.test(code)) {
    return {
      message: `the TLS certificate of ${host} is not trusted${why}`,
      hint: `${check}; set AWS_CA_BUNDLE to the CA that signed it, if a proxy or a stand-in has its own`,
    };
  }
  if (/^(ERR_(TLS|SSL)|EPROTO)/.test(code)) {
    return {
      message: `TLS with ${host} failed${why}`,
      hint: `${check}: https on a port without TLS fails so`,
    };
  }
  if (code.startsWith("HPE_")) {
    return { message: `what answers at ${host} does not speak HTTP${why}`, hint: check };
  }
  return { message: `${host} closed the connection${why}`, hint: check };
}

const CHECK_ENDPOINT = "check the network, that it runs, and AWS_ENDPOINT_URL or --endpoint-url";

/** Returns the codes of Node's errors, also of those inside an AggregateError: Node tries each address of a name. */
export function nodeCodesOf(error: unknown, depth = 0): string[] {
  if (typeof error !== "object" || error === null || depth > 4) return [];
  const { code, errors, cause } = error as { code?: unknown; errors?: unknown; cause?: unknown };
  const inner = [...(Array.isArray(errors) ? errors : []), cause];
  return [
    ...(typeof code === "string" ? [code] : []),
    ...inner.flatMap((each) => nodeCodesOf(each, depth + 1)),
  ];
}

function hostInError(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { hostname, address, host, port, errors } = error as Record<string, unknown>;
  const name = [hostname, host, address].find((each) => typeof each === "string");
  if (name !== undefined) return port === undefined ? String(name) : `${String(name)}:${String(port)}`;
  return Array.isArray(errors) ? hostInError(errors[0]) : undefined;
}
