import { toJsonSchema } from "@valibot/to-json-schema";
import { jobDocumentSchema } from "../packages/shared/src/job-document.js";

/** What `isImageUrl` and `isPresignPlaceholder` check, as far as a pattern can say it. */
const URL_PATTERN =
  "^(https://[^\\s]+|http://(localhost|127\\.[0-9.]+|\\[::1\\])[:/][^\\s]*|\\$\\{aws:iot:s3-presigned-url(-v[12])?:.*\\})$";

/** The job document as a JSON Schema, for editors, other languages and reviewers. */
export function jobDocumentJsonSchema(): object {
  const schema = toJsonSchema(jobDocumentSchema, {
    overrideAction: ({ valibotAction, jsonSchema }) =>
      valibotAction.type === "check_items"
        ? { ...jsonSchema, uniqueItems: true }
        : valibotAction.type === "check"
          ? { ...jsonSchema, pattern: URL_PATTERN }
          : undefined,
  });
  return { title: "fota job document", ...schema };
}
