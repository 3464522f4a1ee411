import { type CommandInput, type CommandName, isCommandName } from "./commands.js";

/** A command as the journal stores it. Run again with this time and seed, it changes the world in the same way. */
export interface CommandRecord<N extends CommandName = CommandName> {
  command: N;
  input: CommandInput<N>;
  nowMs: number;
  seed: string;
  /** The `sliceSize` of the command's context. Absent in journals of earlier builds. */
  stepsMax?: number | undefined;
  /** In journals of some earlier builds instead, see `runEarlierCommand`. */
  sliceSize?: number | undefined;
}

/** @throws {Error} if `record` was not made from a command */
export function parseRecord(record: unknown): CommandRecord {
  const { command, input, nowMs, seed, stepsMax, sliceSize } = record as Partial<CommandRecord>;
  if (!isCommandName(command) || typeof nowMs !== "number" || typeof seed !== "string") {
    throw new Error("not a record of a command");
  }
  return { command, input: input as CommandInput<CommandName>, nowMs, seed, stepsMax, sliceSize };
}
