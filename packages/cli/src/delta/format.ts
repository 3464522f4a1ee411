import { formatBytes, formatPercent, formatRows } from "../terminal/format.js";
import type { Output } from "../terminal/output.js";
import type { AppliedDelta, DeltaInfo, MadeDeltaFile } from "./result.js";

type Painter = Pick<Output, "paint">;

export function formatMadeDelta(made: MadeDeltaFile, { paint }: Painter): string {
  const { file, bytes, percent, image } = made;
  const kind = made.from === undefined ? "compressed image" : "patch";
  const head = `${paint("green", "✔")} ${file}: a ${kind} of ${formatBytes(bytes)}, ${formatPercent(percent)} of the image's ${formatBytes(image.sizeBytes)}`;
  return `${head}\n\n${formatRows(deltaRows(made), (label) => paint("dim", label))}`;
}

export function formatAppliedDelta({ file, image }: AppliedDelta, { paint }: Painter): string {
  const head = `${paint("green", "✔")} ${file}: ${formatBytes(image.sizeBytes)}, with the digest in the patch`;
  return `${head}\n\n${formatRows([["sha256", image.sha256]], (label) => paint("dim", label))}`;
}

export function formatDeltaInfo(info: DeltaInfo, { paint }: Painter): string {
  const rows: [string, string][] = [
    ["patch", `${info.bytes} bytes, ${formatPercent(info.percent)} of the image`],
    ...deltaRows(info),
    ...info.frames.map(({ kind, count, bytes }, index): [string, string] => [
      index === 0 ? "frames" : "",
      `${count} ${kind}, ${formatBytes(bytes)}`,
    ]),
  ];
  return formatRows(rows, (label) => paint("dim", label));
}

function deltaRows({ sha256, image, from, frameBytes }: MadeDeltaFile): [string, string][] {
  return [
    ["sha256", `${sha256} of the patch`],
    ["new image", `${image.sizeBytes} bytes, sha256 ${image.sha256}`],
    ["old image", from === undefined ? "none" : `${from.sizeBytes} bytes, sha256 ${from.sha256}`],
    ["frame size", formatBytes(frameBytes)],
  ];
}
