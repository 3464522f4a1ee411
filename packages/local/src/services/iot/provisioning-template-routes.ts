import { iotArn } from "../../account.js";
import type { CertificateIssuer } from "../../certificates/issuer.js";
import type { Engine } from "../../engine/engine.js";
import { notSupported } from "../../errors.js";
import { readTags } from "../../jobs/fields.js";
import { sorted } from "../../listing/list-index.js";
import { ROLE_ARN } from "../../registry/fields.js";
import {
  defaultTemplateVersion,
  existingProvisioningTemplate,
  existingTemplateVersion,
  listProvisioningTemplates,
} from "../../registry/provisioning.js";
import type { ProvisioningTemplate, ProvisioningTemplateVersion } from "../../registry/registry.js";
import {
  type Members,
  optionalBoolean,
  optionalChoice,
  optionalInteger,
  optionalString,
  queryMembers,
  refuseUnknownMembers,
  requiredString,
  type StringRule,
} from "../../rest/fields.js";
import { page } from "../../rest/paging.js";
import { type RestRequest, route } from "../../rest/router.js";

// Source: API model iot 2015-05-28.
const TEMPLATE_NAME: StringRule = { max: 36, pattern: /^[0-9A-Za-z_-]+$/, patternText: "^[0-9A-Za-z_-]+$" };
const DESCRIPTION: StringRule = { min: 0, max: 500 };
const TYPES = ["FLEET_PROVISIONING", "JITP"] as const;
const TYPE = "FLEET_PROVISIONING";
const PAGING = ["maxResults", "nextToken"];

/** Returns the routes for templates of fleet provisioning, their versions, and claims. */
export function provisioningTemplateRoutes(engine: Engine, issuer: CertificateIssuer) {
  const path = "/provisioning-templates";
  return [
    route(`POST ${path}`, createTemplate),
    route(`GET ${path}`, listAll),
    route(`GET ${path}/{templateName}`, describeTemplate),
    route(`PATCH ${path}/{templateName}`, updateTemplate),
    route(`DELETE ${path}/{templateName}`, deleteTemplate),
    route(`POST ${path}/{templateName}/versions`, createVersion),
    route(`GET ${path}/{templateName}/versions`, listVersions),
    route(`GET ${path}/{templateName}/versions/{versionId}`, describeVersion),
    route(`DELETE ${path}/{templateName}/versions/{versionId}`, deleteVersion),
    route(`POST ${path}/{templateName}/provisioning-claim`, createClaim),
  ];

  async function createTemplate({ body }: RestRequest) {
    const known = ["templateName", "description", "templateBody", "enabled", "provisioningRoleArn", "tags"];
    refuseUnknownMembers("CreateProvisioningTemplate", body, [...known, "type"]);
    const type = optionalChoice(body, "type", TYPES) ?? TYPE;
    if (type !== TYPE) throw notSupported(`provisioning templates of type ${type}`);
    const template = await engine.run("createProvisioningTemplate", {
      templateName: readName(body),
      description: optionalString(body, "description", DESCRIPTION),
      templateBody: requiredString(body, "templateBody"),
      enabled: optionalBoolean(body, "enabled"),
      provisioningRoleArn: requiredString(body, "provisioningRoleArn", ROLE_ARN),
      tags: readTags(body),
    });
    return { ...nameAndArn(template), defaultVersionId: template.defaultVersionId };
  }

  async function listAll({ query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("ListProvisioningTemplates", members, PAGING);
    const { items, nextToken } = await page(listProvisioningTemplates(engine.world), "oldestFirst", members);
    return { templates: items.map(toSummary), nextToken };
  }

  function describeTemplate({ params }: RestRequest) {
    const template = existingProvisioningTemplate(engine.world, readName(params));
    return {
      ...toSummary(template),
      defaultVersionId: template.defaultVersionId,
      templateBody: defaultTemplateVersion(template).templateBody,
      provisioningRoleArn: template.provisioningRoleArn,
    };
  }

  async function updateTemplate({ params, body }: RestRequest) {
    const known = ["description", "enabled", "defaultVersionId", "provisioningRoleArn"];
    refuseUnknownMembers("UpdateProvisioningTemplate", body, known);
    await engine.run("updateProvisioningTemplate", {
      templateName: readName(params),
      description: optionalString(body, "description", DESCRIPTION),
      enabled: body["enabled"] === undefined ? undefined : optionalBoolean(body, "enabled"),
      defaultVersionId: optionalInteger(body, "defaultVersionId", VERSION_RANGE),
      provisioningRoleArn: optionalString(body, "provisioningRoleArn", ROLE_ARN),
    });
  }

  async function deleteTemplate({ params }: RestRequest) {
    await engine.run("deleteProvisioningTemplate", { templateName: readName(params) });
  }

  async function createVersion({ params, query, body }: RestRequest) {
    refuseUnknownMembers("CreateProvisioningTemplateVersion", body, ["templateBody"]);
    const templateName = readName(params);
    const setAsDefault = optionalBoolean(queryMembers(query), "setAsDefault");
    const { versionId } = await engine.run("createProvisioningTemplateVersion", {
      templateName,
      templateBody: requiredString(body, "templateBody"),
      setAsDefault,
    });
    return { ...nameAndArn({ templateName }), versionId, isDefaultVersion: setAsDefault };
  }

  async function listVersions({ params, query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("ListProvisioningTemplateVersions", members, PAGING);
    const template = existingProvisioningTemplate(engine.world, readName(params));
    const numbered = [...template.versions.values()].map((version) => ({
      sequence: version.versionId,
      version,
    }));
    const { items, nextToken } = await page(sorted(numbered), "oldestFirst", members);
    return { versions: items.map(({ version }) => toVersionSummary(template, version)), nextToken };
  }

  function describeVersion({ params }: RestRequest) {
    const template = existingProvisioningTemplate(engine.world, readName(params));
    const version = existingTemplateVersion(template, readVersionId(params));
    return { ...toVersionSummary(template, version), templateBody: version.templateBody };
  }

  async function deleteVersion({ params }: RestRequest) {
    await engine.run("deleteProvisioningTemplateVersion", {
      templateName: readName(params),
      versionId: readVersionId(params),
    });
  }

  async function createClaim({ params }: RestRequest) {
    const { templateName } = existingProvisioningTemplate(engine.world, readName(params));
    const { certificateId, certificatePem, publicKeyPem, privateKeyPem } = await issuer.issueCertificate();
    const claim = await engine.run("createProvisioningClaim", { templateName, certificateId });
    return {
      certificateId,
      certificatePem,
      keyPair: { PublicKey: publicKeyPem, PrivateKey: privateKeyPem },
      expiration: claim.expiresAtMs / 1000,
    };
  }

  function nameAndArn({ templateName }: Pick<ProvisioningTemplate, "templateName">) {
    const templateArn = iotArn(engine.world.region, `provisioningtemplate/${templateName}`);
    return { templateArn, templateName };
  }

  function toSummary(template: Readonly<ProvisioningTemplate>) {
    return {
      ...nameAndArn(template),
      description: template.description,
      creationDate: template.createdAtMs / 1000,
      lastModifiedDate: template.lastModifiedAtMs / 1000,
      enabled: template.enabled,
      type: TYPE,
    };
  }
}

const VERSION_RANGE = { min: 1, max: 2 ** 31 - 1 };

function toVersionSummary(
  { defaultVersionId }: Readonly<ProvisioningTemplate>,
  { versionId, createdAtMs }: ProvisioningTemplateVersion,
) {
  return {
    versionId,
    creationDate: createdAtMs / 1000,
    isDefaultVersion: versionId === defaultVersionId,
  };
}

function readName(members: Members): string {
  return requiredString(members, "templateName", TEMPLATE_NAME);
}

function readVersionId(params: Members): number {
  return optionalInteger(params, "versionId", VERSION_RANGE) ?? 0;
}
