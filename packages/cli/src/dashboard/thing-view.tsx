import { isFotaError } from "@fota/shared";
import type { ComponentChildren } from "preact";
import { DataTable } from "../pages/data-table.js";
import { JobName } from "../pages/page-links.js";
import { Badge, Commands, Facts, Lead, Panel } from "../pages/panel.js";
import { reportText } from "../status/format.js";
import { formatAgo, formatTime } from "../terminal/format.js";
import type { ShownThing } from "../thing/result.js";
import { Loading } from "./faults-panel.js";
import { notFoundPanel } from "./not-found.js";
import type { PageView, PanelNode } from "./page-view.js";
import type { Source } from "./source.js";
import { toneOfStatus } from "./status-tone.js";
import type { ThingState } from "./thing-state.js";

/** The page of one thing: why its job has its state, what it runs, and its jobs. */
export function thingView(thingName: string, source: Source<ThingState>): PageView {
  return {
    heading: thingName,
    sources: [source],
    render(now) {
      const { value, fault } = source.reading;
      if (value === undefined && fault !== undefined && isFotaError(fault, "THING_NOT_FOUND")) {
        return { title: `${thingName} - not found`, status: 404, panels: [notFoundPanel(fault)], parts: [] };
      }
      return {
        title: value === undefined ? thingName : `${value.executions[0]?.status ?? "no job"} - ${thingName}`,
        status: 200,
        panels:
          value === undefined
            ? [{ id: "thing", node: <Loading id="thing" title="Thing" wide /> }]
            : panelsOf(value, now),
        parts: [["thing", source.reading]],
      };
    },
  };
}

function panelsOf(state: ThingState, now: Date): PanelNode[] {
  return [
    ...verdict(state),
    { id: "thing", node: <ThingPanel state={state} now={now} /> },
    { id: "connection", node: <ConnectionPanel state={state} now={now} /> },
    { id: "jobs", node: <JobsPanel state={state} now={now} /> },
  ];
}

function verdict({ explanation, executions }: ThingState): PanelNode[] {
  if (explanation === undefined) return [];
  const { jobId, explanation: sentence, next, also } = explanation;
  const status = executions.find((each) => each.jobId === jobId)?.status ?? "QUEUED";
  const node = (
    <section id="why" class={`panel wide verdict ${toneOfStatus(status)}`} aria-labelledby="why-h">
      <p>
        <Badge tone={toneOfStatus(status)}>{status}</Badge> of job <JobName jobId={jobId} />
      </p>
      <h2 id="why-h">{sentence}</h2>
      {also.map((each) => (
        <p key={each.explanation}>{each.explanation}</p>
      ))}
      <Commands steps={next} />
    </section>
  );
  return [{ id: "why", node }];
}

function ThingPanel({ state: { thing, runs, unknown }, now }: { state: ThingState; now: Date }) {
  const { firmware, type, groups, attributes, thingArn } = thing;
  const { version, model, slot, agent, bootedAt, reportedAt } = runs?.thing ?? {};
  const ago = (iso: string | undefined) => (iso === undefined ? undefined : formatAgo(new Date(iso), now));
  const rows: [string, ComponentChildren][] = [
    ["model", model],
    ["slot", slot],
    ["agent", agent],
    ["booted", ago(bootedAt)],
    ["last report", firmware && <LastReport firmware={firmware} now={now} />],
    ["type", type],
    ["groups", groups.join(", ") || "none"],
    ...Object.entries(attributes),
    ["ARN", thingArn],
  ];
  const source = runs?.head.source === "jobs" ? "installed by a job" : "reported";
  return (
    <Panel id="thing" title="Firmware">
      <Lead>{version ?? firmware?.running ?? "unknown version"}</Lead>
      {reportedAt === undefined ? null : (
        <p class="dim">
          {source} {ago(reportedAt)}
        </p>
      )}
      <Facts rows={rows.filter(([, value]) => value !== undefined)} />
      {unknown.map((text) => (
        <p key={text} class="dim">
          {text}
        </p>
      ))}
    </Panel>
  );
}

function LastReport({ firmware, now }: { firmware: NonNullable<ShownThing["firmware"]>; now: Date }) {
  const { running, jobId, reportedAt } = firmware;
  return (
    <>
      {running}, with job <JobName jobId={jobId} />
      {reportedAt === undefined ? "" : `, ${formatAgo(new Date(reportedAt), now)}`}
    </>
  );
}

function ConnectionPanel({ state: { thing }, now }: { state: ThingState; now: Date }) {
  const { connectivity, certificates, otherPrincipals } = thing;
  return (
    <Panel id="connection" title="Connection and certificates">
      <p>
        {connectivity === undefined ? (
          <span class="dim">AWS IoT does not index whether things are connected.</span>
        ) : (
          <>
            <Badge tone={connectivity.connected ? "good" : "warn"}>
              {connectivity.connected ? "connected" : "not connected"}
            </Badge>{" "}
            {connectivity.since === undefined
              ? ""
              : `since ${formatTime(connectivity.since)}, ${formatAgo(new Date(connectivity.since), now)}`}
            {connectivity.connected || connectivity.disconnectReason === undefined
              ? ""
              : ` (${connectivity.disconnectReason})`}
          </>
        )}
      </p>
      {certificates.length === 0 && otherPrincipals.length === 0 ? (
        <Lead tone="warn">No certificate is attached: the device cannot connect.</Lead>
      ) : (
        <DataTable
          caption="Certificates"
          heads={[{ label: "Certificate" }, { label: "Status" }, { label: "Policies" }, { label: "Expires" }]}
          rows={certificates.map(({ id, status, policies, expiresAt }) => [
            `${id.slice(0, 12)}...`,
            status,
            policies.join(", ") || "none",
            expiresAt === undefined ? "" : formatTime(expiresAt),
          ])}
        />
      )}
    </Panel>
  );
}

function JobsPanel({ state: { executions }, now }: { state: ThingState; now: Date }) {
  const at = (iso: string | undefined) => (iso === undefined ? "" : formatAgo(new Date(iso), now));
  return (
    <Panel id="jobs" title="Jobs of this thing" wide>
      {executions.length === 0 ? (
        <p class="dim">It has no jobs.</p>
      ) : (
        <DataTable
          caption="Jobs of this thing, the newest first"
          heads={[
            { label: "Job" },
            { label: "Status" },
            { label: "Report" },
            { label: "Try", right: true },
            { label: "Queued" },
            { label: "Started" },
            { label: "Updated" },
          ]}
          rows={executions.map((execution) => [
            <JobName key="job" jobId={execution.jobId} />,
            <Badge key="status" tone={toneOfStatus(execution.status)}>
              {execution.status}
            </Badge>,
            reportText(execution),
            String(execution.executionNumber),
            at(execution.queuedAt),
            at(execution.startedAt),
            at(execution.lastUpdatedAt),
          ])}
        />
      )}
    </Panel>
  );
}
