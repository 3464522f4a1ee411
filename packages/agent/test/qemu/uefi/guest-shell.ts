import type { SerialConsole } from "../serial-console.js";

/** Runs a command in the shell of `init`. Returns its exit code, and what it printed. */
export async function runInGuest(
  console: SerialConsole,
  command: string,
): Promise<{ exitCode: number; output: string }> {
  console.type(`${command}\n`);
  const [, output = "", exitCode] = await console.sees(/<<begin>>\n(.*?)<<end (\d+)>>\n/s);
  return { exitCode: Number(exitCode), output };
}
