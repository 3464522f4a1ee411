import type { GenericSchema } from "valibot";
import { cancellationSchema } from "./cancel/result.js";
import { dashboardSchema } from "./dashboard/result.js";
import { deletionSchema } from "./delete/result.js";
import { appliedDeltaSchema, deltaInfoSchema, madeDeltaSchema } from "./delta/result.js";
import { diagnosisSchema } from "./doctor/result.js";
import { fleetListSchema, fleetSchema, fleetThingSchema, indexChangeSchema } from "./fleet/result.js";
import { initResultSchema, printedTemplateSchema } from "./init/result.js";
import { generatedKeySchema } from "./keygen/result.js";
import { jobListSchema } from "./list/result.js";
import { publishOutputSchema } from "./publish/result.js";
import { rehearsalSchema } from "./rehearse/result.js";
import { writtenReportSchema } from "./report/result.js";
import { rolloutSchema } from "./rollout/result.js";
import { shownJobSchema } from "./show/result.js";
import { signOutputSchema } from "./sign/result.js";
import { jobSummarySchema, overviewSchema } from "./status/result.js";
import { shownThingSchema, thingCreationSchema, thingDeletionSchema } from "./thing/result.js";
import { verificationSchema } from "./verify/result.js";
import { explanationSchema } from "./why/result.js";

/** Lists the `--json` results of the commands; docs/cli.md is generated from it. */
export const RESULTS: readonly { command: string; schema: GenericSchema }[] = [
  { command: "init", schema: initResultSchema },
  { command: "init --print <format>", schema: printedTemplateSchema },
  { command: "doctor", schema: diagnosisSchema },
  { command: "thing create <name>", schema: thingCreationSchema },
  { command: "thing show <thing>", schema: shownThingSchema },
  { command: "thing delete <thing>", schema: thingDeletionSchema },
  { command: "keygen <file>", schema: generatedKeySchema },
  { command: "sign <file> --out <file>", schema: signOutputSchema },
  { command: "verify <file|job>", schema: verificationSchema },
  { command: "publish <image>", schema: publishOutputSchema },
  { command: "delta make <image>", schema: madeDeltaSchema },
  { command: "delta apply <patch>", schema: appliedDeltaSchema },
  { command: "delta info <patch>", schema: deltaInfoSchema },
  { command: "rehearse <image>", schema: rehearsalSchema },
  { command: "rollout <file>", schema: rolloutSchema },
  { command: "status", schema: overviewSchema },
  { command: "status <job>", schema: jobSummarySchema },
  { command: "list", schema: jobListSchema },
  { command: "show <job>", schema: shownJobSchema },
  { command: "why <job>", schema: explanationSchema },
  { command: "fleet", schema: fleetSchema },
  { command: "fleet --things", schema: fleetListSchema },
  { command: "fleet <thing>", schema: fleetThingSchema },
  { command: "fleet --index", schema: indexChangeSchema },
  { command: "report", schema: writtenReportSchema },
  { command: "dashboard", schema: dashboardSchema },
  { command: "cancel <job>", schema: cancellationSchema },
  { command: "retry <job>", schema: publishOutputSchema },
  { command: "promote <job>", schema: publishOutputSchema },
  { command: "delete <job>", schema: deletionSchema },
];
