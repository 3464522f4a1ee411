import type { Output } from "../terminal/output.js";
import type { Sink } from "../terminal/sink.js";
import { type Column, csvOf, layoutOf } from "../terminal/table.js";
import { toJson } from "../terminal/text.js";
import { formatCauses, formatHead, type View } from "./format.js";
import type { JobSummary, ThingSummary } from "./result.js";
import { FEW_THINGS } from "./summary.js";
import type { ThingList } from "./things.js";

/** Formats a list that is written while it is read. */
interface Writing {
  begin(first: readonly ThingSummary[]): string;
  row(thing: ThingSummary, index: number): string;
  end(count: number): string;
}

export interface Form {
  as: "json" | "csv" | "table";
  columns: readonly Column<ThingSummary>[];
  view: View;
}

/**
 * Writes the list while it is read, so its length costs no memory. Ends silently when the reader of the sink has gone.
 * Returns how many things' reports were not read.
 */
export async function writeThings(list: ThingList, sink: Sink, form: Form): Promise<number> {
  let writing: Writing | undefined;
  let count = 0;
  for await (const things of list.chunks) {
    writing ??= writingOf(list, form);
    const begin = count === 0 ? writing.begin(things) : "";
    const { row } = writing;
    if (!(await sink.write(begin + things.map((thing, i) => row(thing, count + i)).join("")))) break;
    count += things.length;
  }
  if (writing !== undefined) await sink.write(writing.end(count));
  return list.detailsLeftOut();
}

/** Prints a note below a list without all reports. */
export function noteLeftOut(output: Output, jobId: string, leftOut: number): void {
  if (leftOut === 0) return;
  const one = output.fota("status", jobId, "--thing", "<name>");
  output.note(`${leftOut} more executions were not asked for progress or cause; \`${one}\` asks one`);
}

function writingOf(list: ThingList, { as, columns, view }: Form): Writing {
  if (as === "json") return jsonWriting(list);
  if (as === "csv") {
    const { head, line } = csvOf(columns);
    return { begin: () => `${head}\n`, row: (thing) => `${line(thing)}\n`, end: () => "" };
  }
  return tableWriting(list.summary, columns, view);
}

/** Writes one JSON value like `toJson`, but with a line for each execution. */
function jsonWriting({ summary, detailsLeftOut }: ThingList): Writing {
  return {
    begin: () => `${toJson(summary).slice(0, -1)},"executions":[`,
    row: (thing, index) => `${index === 0 ? "\n" : ",\n"}${toJson(thing)}`,
    end: () => `]${detailsLeftOut() === 0 ? "" : `,"detailsLeftOut":${detailsLeftOut()}`}}\n`,
  };
}

function tableWriting(summary: JobSummary, columns: readonly Column<ThingSummary>[], view: View): Writing {
  let line: (thing: ThingSummary) => string = () => "";
  return {
    begin(first) {
      const layout = layoutOf(
        first,
        columns,
        view.paint,
        view.columns,
        first.length > FEW_THINGS ? "cut" : "wrap",
      );
      line = layout.line;
      const above = [formatHead(summary, view), ...formatCauses(summary, view)];
      return `${above.join("\n\n")}\n\n${first.length === 0 ? "" : `${layout.head}\n`}`;
    },
    row: (thing) => `${line(thing)}\n`,
    end: (count) => (count === 0 ? "no thing to list\n" : ""),
  };
}
