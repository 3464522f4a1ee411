import { isFotaError } from "@fota/shared";
import { DataTable } from "../pages/data-table.js";
import { Badge, Commands, Facts, Panel } from "../pages/panel.js";
import { reportText } from "../status/format.js";
import { formatAgo, formatTime } from "../terminal/format.js";
import { faultsPanel, Loading } from "./faults-panel.js";
import { JobLink } from "./links.js";
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
        return { title: `${thingName} - not found`, status: 404, panels: [notFoundPanel(fault)] };
      }
      return {
        title: value === undefined ? thingName : `${value.executions[0]?.status ?? "no job"} - ${thingName}`,
        status: 200,
        panels: [
          ...faultsPanel([["thing", source.reading]]),
          ...(value === undefined
            ? [{ id: "thing", node: <Loading id="thing" title="Thing" wide /> }]
            : panelsOf(value, now)),
        ],
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
        <Badge tone={toneOfStatus(status)}>{status}</Badge> of job <JobLink jobId={jobId} />
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

function ThingPanel({ state: { thing, unknown }, now }: { state: ThingState; now: Date }) {
  const { firmware, type, groups, attributes, thingArn } = thing;
  const reported = firmware?.reportedAt;
  return (
    <Panel id="thing" title="Firmware">
      <p class="big">{firmware === undefined ? "No version was reported" : firmware.running}</p>
      {firmware === undefined ? null : (
        <p class="dim">
          reported {reported === undefined ? "" : formatAgo(new Date(reported), now)} with job{" "}
          <JobLink jobId={firmware.jobId} />
        </p>
      )}
      <Facts
        rows={[
          ...(type === undefined ? [] : [["type", type] as const]),
          ["groups", groups.length === 0 ? "none" : groups.join(", ")],
          ...Object.entries(attributes).map(([name, value]) => [name, value] as const),
          ["ARN", thingArn],
        ]}
      />
      {unknown.map((text) => (
        <p key={text} class="dim">
          {text}
        </p>
      ))}
    </Panel>
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
            {connectivity.disconnectReason === undefined ? "" : ` (${connectivity.disconnectReason})`}
          </>
        )}
      </p>
      {certificates.length === 0 && otherPrincipals.length === 0 ? (
        <p class="warn">No certificate is attached: the device cannot connect.</p>
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
            <JobLink key="job" jobId={execution.jobId} />,
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
