import { grouped } from "../grouped.js";
import { Facts, Lead, Panel } from "../pages/panel.js";
import type { ReportModel } from "./report-model.js";

/** Answers what the job installs, where, and how long its URL works. */
export function FactsPanel({ image, facts }: Pick<ReportModel, "image" | "facts">) {
  let label = "";
  const labeled = facts.map(([own, text]) => {
    label = own === "" ? label : own;
    return { label, text };
  });
  const rows = grouped(labeled, (row) => row.label).map(
    ([first, ...more]) =>
      [first.label, [first, ...more].map(({ text }) => <div key={text}>{text}</div>)] as const,
  );
  return (
    <Panel id="facts" title="Image and job">
      <Lead tone={image.tone}>{image.text}</Lead>
      <Facts rows={rows} />
    </Panel>
  );
}
