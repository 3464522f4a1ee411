import type { UpdateReport } from "@fota/shared";
import { formatBytes } from "../terminal/format.js";

type ReportedDownload = { [Key in "via" | "fetchedBytes"]?: string | number | undefined };

/** Formats how a device downloaded an image; `undefined` if it did not report that. */
export function downloadText({ via, fetchedBytes }: ReportedDownload): string | undefined {
  if (typeof via !== "string") return undefined;
  const size = typeof fetchedBytes === "number" ? `, ${formatBytes(fetchedBytes)}` : "";
  return `${pathText(via)}${size}`;
}

/** Returns why a device did not use a patch; `undefined` if nothing went wrong. */
export function patchFaultIn({ via }: Pick<UpdateReport, "via">): string | undefined {
  return via?.startsWith("whole:") === true ? via.slice("whole:".length) : undefined;
}

function pathText(via: string): string {
  switch (via) {
    case "patch":
      return "as a patch";
    case "compressed":
      return "compressed";
    case "whole":
      return "whole";
    default:
      return via.startsWith("whole:") ? `whole, because the patch did not work (${via.slice(6)})` : via;
  }
}
