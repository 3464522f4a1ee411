import { iotArn } from "../../account.js";
import type { Engine } from "../../engine/engine.js";
import { invalidRequest } from "../../errors.js";
import { CONFIG_MEMBERS, readJobConfig, readMaintenanceWindows } from "../../jobs/config-fields.js";
import { readDocument } from "../../jobs/document-source.js";
import { DESCRIPTION, JOB_ID, readDestinations, readTags } from "../../jobs/fields.js";
import type { JobTemplate } from "../../jobs/job.js";
import {
  MANAGED_TEMPLATES,
  type ManagedTemplate,
  managedTemplate,
  managedTemplateArn,
} from "../../jobs/managed-templates.js";
import type { S3Access } from "../../jobs/s3-access.js";
import { existingTemplate } from "../../jobs/templates.js";
import { listOf } from "../../listing/indexes.js";
import { sorted } from "../../listing/list-index.js";
import { optionalString, queryMembers, refuseUnknownMembers, requiredString } from "../../rest/fields.js";
import { page } from "../../rest/paging.js";
import { type RestRequest, route } from "../../rest/router.js";

/** Returns the routes for job templates, both custom and managed by AWS. */
export function templateRoutes(engine: Engine, objects: S3Access) {
  return [
    route("PUT /job-templates/{jobTemplateId}", createTemplate),
    route("GET /job-templates/{jobTemplateId}", describeTemplate),
    route("DELETE /job-templates/{jobTemplateId}", deleteTemplate),
    route("GET /job-templates", listTemplates),
    route("GET /managed-job-templates/{templateName}", describeManaged),
    route("GET /managed-job-templates", listManaged),
  ];

  function arnOf(jobTemplateId: string): string {
    return iotArn(engine.world.region, `jobtemplate/${jobTemplateId}`);
  }

  async function createTemplate({ params, body }: RestRequest) {
    const known = ["description", "jobArn", "document", "documentSource", "maintenanceWindows", "tags"];
    refuseUnknownMembers("CreateJobTemplate", body, [
      ...known,
      "destinationPackageVersions",
      ...CONFIG_MEMBERS,
    ]);
    const jobTemplateId = requiredString(params, "jobTemplateId", JOB_ID);
    const jobArn = optionalString(body, "jobArn");
    const given = body["document"] !== undefined || body["documentSource"] !== undefined;
    if (jobArn !== undefined && given) {
      throw invalidRequest("Either jobArn or a document must be given, and only one of them");
    }
    await engine.run("createJobTemplate", {
      jobTemplateId,
      description: requiredString(body, "description", DESCRIPTION),
      jobArn,
      ...(jobArn === undefined && (await readDocument(body, objects))),
      config: readJobConfig(body),
      maintenanceWindows: readMaintenanceWindows(body),
      destinationPackageVersions: readDestinations(body),
      tags: readTags(body),
    });
    return { jobTemplateArn: arnOf(jobTemplateId), jobTemplateId };
  }

  function describeTemplate({ params }: RestRequest) {
    const template = existingTemplate(engine.world, requiredString(params, "jobTemplateId", JOB_ID));
    const { documentSource, document, config, maintenanceWindows, destinationPackageVersions } = template;
    return {
      ...summary(template),
      documentSource,
      document,
      ...config,
      maintenanceWindows,
      destinationPackageVersions,
    };
  }

  async function deleteTemplate({ params }: RestRequest) {
    await engine.run("deleteJobTemplate", { jobTemplateId: requiredString(params, "jobTemplateId", JOB_ID) });
  }

  async function listTemplates({ query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("ListJobTemplates", members, ["maxResults", "nextToken"]);
    const { items, nextToken } = await page(listOf(engine.world.templates), "oldestFirst", members);
    return { jobTemplates: items.map(summary), nextToken };
  }

  function summary({ jobTemplateId, description, createdAtMs }: Readonly<JobTemplate>) {
    return {
      jobTemplateArn: arnOf(jobTemplateId),
      jobTemplateId,
      description,
      createdAt: createdAtMs / 1000,
    };
  }

  function describeManaged({ params, query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("DescribeManagedJobTemplate", members, ["templateVersion"]);
    const name = requiredString(params, "templateName", JOB_ID);
    const template = managedTemplate(name, optionalString(members, "templateVersion"));
    const { documentParameters, document } = template;
    return { ...managedSummary(template), documentParameters, document };
  }

  async function listManaged({ query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("ListManagedJobTemplates", members, ["templateName", "maxResults", "nextToken"]);
    const name = optionalString(members, "templateName", JOB_ID);
    const numbered = MANAGED_TEMPLATES.map((template, index) => ({ sequence: index + 1, template }));
    const found = numbered.filter(({ template }) => name === undefined || template.templateName === name);
    const { items, nextToken } = await page(sorted(found), "oldestFirst", members);
    return { managedJobTemplates: items.map(({ template }) => managedSummary(template)), nextToken };
  }

  function managedSummary(template: ManagedTemplate) {
    const { templateName, description, environments, templateVersion } = template;
    const templateArn = managedTemplateArn(engine.world.region, template);
    return { templateArn, templateName, description, environments, templateVersion };
  }
}
