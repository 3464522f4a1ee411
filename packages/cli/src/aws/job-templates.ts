import { DescribeJobTemplateCommand, ListJobTemplatesCommand } from "@aws-sdk/client-iot";
import { LIST_PAGE_MAX } from "@fota/shared";
import { absentIf } from "./errors.js";
import type { Iot } from "./iot.js";
import { pagesOf } from "./pages.js";
import { required } from "./required.js";

/** Lists the account's own job templates: AWS allows at most a hundred. @throws {FotaError} ACCESS_DENIED */
export async function* listTemplateIds({ client, call }: Iot): AsyncGenerator<string> {
  const pages = pagesOf((nextToken) => {
    const command = new ListJobTemplatesCommand({ maxResults: LIST_PAGE_MAX, nextToken });
    return call({ doing: "list job templates", action: "iot:ListJobTemplates" }, (options) =>
      client.send(command, options),
    );
  });
  for await (const { jobTemplates = [] } of pages) {
    for (const { jobTemplateId } of jobTemplates) yield required(jobTemplateId, "jobTemplateId");
  }
}

/**
 * Returns the document of a job template; empty when the template is gone, `undefined` when the answer has no document.
 * @throws {FotaError} ACCESS_DENIED
 */
export async function getTemplateDocument(
  { client, call }: Iot,
  jobTemplateId: string,
): Promise<string | undefined> {
  const command = new DescribeJobTemplateCommand({ jobTemplateId });
  return await call(
    { doing: `read job template ${jobTemplateId}`, action: "iot:DescribeJobTemplate" },
    async (options) => {
      const template = await client.send(command, options).catch(absentIf("ResourceNotFoundException"));
      return template === undefined ? "" : template.document;
    },
  );
}
