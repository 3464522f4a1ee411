import type { IncomingMessage, ServerResponse } from "node:http";
import { JOB_ID_MAX_LENGTH, JOB_ID_PATTERN, THING_NAME_MAX_LENGTH, THING_NAME_PATTERN } from "@fota/shared";
import { contentSecurityPolicy, renderPage, renderPart, scriptOf } from "../pages/page.js";
import { PageLinks } from "../pages/page-links.js";
import type { Account } from "./account.js";
import { faultsPanel, timeOfDay } from "./faults-panel.js";
import { followPage } from "./follow-page.js";
import { securityHeaders } from "./headers.js";
import { jobView } from "./job-view.js";
import { jobPath, thingPath } from "./links.js";
import { metricFamilies } from "./metrics.js";
import { formatMetrics, METRICS_TYPE } from "./metrics-text.js";
import { notFoundView } from "./not-found.js";
import { overviewView } from "./overview-view.js";
import type { PageContent, PageView } from "./page-view.js";
import { refuse, type Visit } from "./server.js";
import type { Sources } from "./sources.js";
import { openPanelStream, type Panel, type PanelStream, stateOf } from "./stream.js";
import { thingView } from "./thing-view.js";
import { parseThingsQuery } from "./things-query.js";

export interface AppOptions {
  sources: Sources;
  account: Account;
  /** Formats a command line of fota to type next. */
  fota: (...command: string[]) => string;
  fotaVersion: string;
  /** Receives errors that end one stream. */
  onBug(error: unknown): void;
}

/** What the dashboard answers to requests with a valid key. */
export interface App {
  answer(visit: Visit): Promise<void>;
  /** Ends the streams of all open pages, which then show `reason`. */
  stop(reason: string): void;
}

const LINKS = { job: jobPath, thing: thingPath };
const SCRIPTS = [scriptOf(followPage)];
const CSP = { "connect-src": "'self'", "form-action": "'self'" };
const PAGE_HEADERS = securityHeaders(contentSecurityPolicy(SCRIPTS, CSP));
/** A page does not wait longer for AWS before it shows what is known. */
const PAGE_WAIT_MS = 1_500;
/** Prometheus gives up after 10 s by default. */
const SCRAPE_WAIT_MS = 5_000;
/** Each stream renders its page at every change. */
const STREAMS_MAX = 50;
const TIME_STEP_MS = 5_000;
/** Collects changes that come together. */
const RENDER_DELAY_MS = 100;

export function createApp({ sources, account, fota, fotaVersion, onBug }: AppOptions): App {
  const streams = new Set<PanelStream>();
  let scrapes = 0;

  /** Returns the time for relative texts. Rounded, so that the passing of time alone seldom changes a page. */
  function roundedNow(): Date {
    return new Date(Math.floor(account.nowMs() / TIME_STEP_MS) * TIME_STEP_MS);
  }

  function viewOf(path: string, query: URLSearchParams): PageView {
    if (path === "/") return overviewView(sources, fota);
    const [, kind, encoded = "", ...more] = path.split("/");
    const name = decoded(encoded);
    if (more.length === 0 && name !== undefined) {
      if (kind === "jobs" && isName(name, JOB_ID_PATTERN, JOB_ID_MAX_LENGTH)) {
        return jobView(name, sources, parseThingsQuery(query), fota);
      }
      if (kind === "things" && isName(name, THING_NAME_PATTERN, THING_NAME_MAX_LENGTH)) {
        return thingView(name, sources.thing(name));
      }
    }
    return notFoundView("There is no such page");
  }

  async function answerPage(view: PageView, { request, response }: Visit): Promise<void> {
    await Promise.all(view.sources.map((source) => source.fresh(PAGE_WAIT_MS)));
    const content = view.render(roundedNow());
    send(request, response, content.status, htmlOf(view, content), "text/html; charset=utf-8", PAGE_HEADERS);
  }

  function htmlOf(view: PageView, content: PageContent): string {
    const panels = renderPanels(content, account.isThrottled());
    const body = (
      <>
        <header>
          <p class="dim">
            <a href="/">fota dashboard</a> {account.name}
          </p>
          <h1>{view.heading}</h1>
          <form class="controls" action="/things" method="get">
            <span id="live" class="badge wait" role="status">
              as of {timeOfDay(new Date())}
            </span>
            <label>
              Thing{" "}
              <input
                type="search"
                name="name"
                placeholder="exact name"
                maxLength={THING_NAME_MAX_LENGTH}
                required
              />
            </label>
            <button type="submit">Open</button>
          </form>
        </header>
        <main
          class={view.layout === undefined ? "live" : `live ${view.layout}`}
          data-state={stateOf(panels)}
          dangerouslySetInnerHTML={{ __html: panels.map(({ html }) => html).join("") }}
        />
        <footer>
          <p>This page changes nothing: run its commands in a terminal. A click on a command selects it.</p>
        </footer>
      </>
    );
    return renderPage({ title: content.title, body, scripts: SCRIPTS, csp: CSP });
  }

  function follow(view: PageView, known: string | undefined, { request, response }: Visit): void {
    if (streams.size >= STREAMS_MAX) {
      refuse(request, response, 503, "too many open pages", { "retry-after": "30" });
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    const render = () => {
      timer = undefined;
      try {
        const content = view.render(roundedNow());
        stream.send(content.title, renderPanels(content, account.isThrottled()));
      } catch (error) {
        onBug(error);
        stream.end();
      }
    };
    const onChange = () => {
      timer ??= setTimeout(render, RENDER_DELAY_MS);
    };
    const releases = [...view.sources.map((source) => source.watch(onChange)), view.watch?.(onChange)];
    const stream = openPanelStream(response, {
      headers: PAGE_HEADERS,
      known,
      onEnd() {
        clearTimeout(timer);
        streams.delete(stream);
        for (const release of releases) release?.();
      },
    });
    streams.add(stream);
    onChange();
  }

  async function answerMetrics({ request, response }: Visit): Promise<void> {
    scrapes += 1;
    const [overview, fleet] = await Promise.all([
      sources.overview.fresh(SCRAPE_WAIT_MS),
      sources.fleet.fresh(SCRAPE_WAIT_MS),
    ]);
    const families = metricFamilies({
      fotaVersion,
      overview,
      fleet,
      requests: account.requests.list(),
      scrapes,
      openStreams: streams.size,
    });
    send(request, response, 200, formatMetrics(families), METRICS_TYPE, securityHeaders());
  }

  return {
    async answer(visit) {
      const { path, query, request, response } = visit;
      if (path === "/metrics") return await answerMetrics(visit);
      if (path === "/things" && query.has("name")) {
        const location = thingPath((query.get("name") ?? "").trim());
        response.writeHead(303, { ...PAGE_HEADERS, location, "content-length": 0 }).end();
        return;
      }
      if (path !== "/events") return await answerPage(viewOf(path, query), visit);
      const page = query.get("page") ?? "/";
      const [pagePath = "/", pageQuery] = page.split("?", 2);
      const known = request.headers["last-event-id"] ?? query.get("state") ?? undefined;
      if (request.method === "HEAD") return void response.writeHead(200, PAGE_HEADERS).end();
      follow(viewOf(pagePath, new URLSearchParams(pageQuery)), known?.toString(), visit);
    },
    stop(reason) {
      for (const stream of streams) stream.end(reason);
    },
  };
}

function renderPanels({ panels, parts }: PageContent, isThrottled: boolean): Panel[] {
  return [...faultsPanel(parts, isThrottled), ...panels].map(({ id, node }) => ({
    id,
    html: renderPart(<PageLinks.Provider value={LINKS}>{node}</PageLinks.Provider>),
  }));
}

function send(
  { method }: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: string,
  type: string,
  headers: Record<string, string>,
): void {
  response.writeHead(status, { ...headers, "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(method === "HEAD" ? undefined : body);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function isName(text: string, pattern: RegExp, maxLength: number): boolean {
  return text.length <= maxLength && pattern.test(text);
}
