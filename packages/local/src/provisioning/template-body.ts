import { invalidRequest, notSupported } from "../errors.js";
import { checkString, type Members, optionalObject, optionalString } from "../rest/fields.js";
import { evaluate, invalid, type TemplateValues } from "./intrinsic-functions.js";

/** The parameter that RegisterThing itself sets. */
const CERTIFICATE_ID_PARAMETER = "AWS::IoT::Certificate::Id";

/** Source: API model iot 2015-05-28, TemplateBody. */
const BODY_MAX_LENGTH = 10_240;

const RESOURCES = {
  "AWS::IoT::Thing": ["ThingName", "AttributePayload", "ThingTypeName", "ThingGroups"],
  "AWS::IoT::Certificate": ["CertificateId", "Status"],
  "AWS::IoT::Policy": ["PolicyName", "PolicyDocument"],
} as const;
type ResourceType = keyof typeof RESOURCES;

/** The sections of a template. Their values may contain `Ref` and intrinsic functions. */
export interface TemplateBody {
  /** Default values; `undefined` for a parameter without one. */
  parameters: Record<string, string | undefined>;
  mappings: Members;
  resources: TemplateResource[];
  deviceConfiguration: Members;
}

export interface TemplateResource {
  type: ResourceType;
  properties: Members;
  overrideSettings: Members;
}

/**
 * Parses the body of a fleet provisioning template. A template that has a part that is not supported is refused.
 * @throws {AwsError} InvalidRequest
 */
export function parseTemplateBody(text: string): TemplateBody {
  checkString(text, "templateBody", { max: BODY_MAX_LENGTH });
  const body = parseObject(text);
  refuseOthers(body, ["Parameters", "Mappings", "Resources", "DeviceConfiguration"], "the template");
  const resources = Object.entries(section(body, "Resources")).map(parseResource);
  const count = (type: ResourceType) => resources.filter((resource) => resource.type === type).length;
  if (count("AWS::IoT::Certificate") !== 1) {
    throw invalidRequest("The template must have one resource of type AWS::IoT::Certificate");
  }
  if (count("AWS::IoT::Thing") > 1) {
    throw invalidRequest("The template must have at most one resource of type AWS::IoT::Thing");
  }
  return {
    parameters: Object.fromEntries(Object.entries(section(body, "Parameters")).map(parseParameter)),
    mappings: section(body, "Mappings"),
    resources,
    deviceConfiguration: section(body, "DeviceConfiguration"),
  };
}

function parseParameter([name, value]: [string, unknown]): [string, string | undefined] {
  const parameter = optionalObject({ [name]: value }, name) ?? {};
  refuseOthers(parameter, ["Type", "Default"], `the parameter ${name}`);
  if (parameter["Type"] !== "String") throw invalidRequest(`The parameter ${name} must have the Type String`);
  return [name, optionalString(parameter, "Default", { min: 0 })];
}

function parseResource([name, value]: [string, unknown]): TemplateResource {
  const resource = optionalObject({ [name]: value }, name) ?? {};
  refuseOthers(resource, ["Type", "Properties", "OverrideSettings"], `the resource ${name}`);
  const type = resource["Type"];
  if (typeof type !== "string" || !Object.hasOwn(RESOURCES, type)) {
    throw invalidRequest(`The resource ${name} has the type ${JSON.stringify(type)}, which does not exist`);
  }
  const known = type as ResourceType;
  const properties = section(resource, "Properties");
  refuseOthers(properties, RESOURCES[known], `the resource ${name}`);
  if (known === "AWS::IoT::Thing" && properties["ThingName"] === undefined) {
    throw notSupported(`a resource of type ${known} without ThingName`);
  }
  if (known === "AWS::IoT::Certificate" && properties["CertificateId"] === undefined) {
    throw invalidRequest(`The resource ${name} must have a CertificateId`);
  }
  const hasName = properties["PolicyName"] !== undefined;
  if (known === "AWS::IoT::Policy" && hasName === (properties["PolicyDocument"] !== undefined)) {
    throw invalidRequest(`The resource ${name} must have either PolicyName or PolicyDocument`);
  }
  return { type: known, properties, overrideSettings: section(resource, "OverrideSettings") };
}

/** A template with the parameters of one device filled in. */
export interface FilledTemplate {
  resources: TemplateResource[];
  deviceConfiguration: Members;
}

/** @throws {AwsError} InvalidParameters */
export function fillTemplate(
  body: TemplateBody,
  given: Readonly<Record<string, string>>,
  certificateId: string,
): FilledTemplate {
  const parameters: Record<string, string> = {};
  for (const [name, fallback] of Object.entries(body.parameters)) {
    if (name === CERTIFICATE_ID_PARAMETER) continue;
    const value = given[name] ?? fallback;
    if (value === undefined) throw invalid(`The parameter ${name} is missing`);
    parameters[name] = value;
  }
  parameters[CERTIFICATE_ID_PARAMETER] = certificateId;
  const values: TemplateValues = { parameters, mappings: body.mappings };
  return {
    resources: body.resources.map((resource) => ({
      ...resource,
      properties: evaluate(resource.properties, values) as Members,
    })),
    deviceConfiguration: evaluate(body.deviceConfiguration, values) as Members,
  };
}

function parseObject(text: string): Members {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw invalidRequest("The templateBody is not JSON");
  }
  return optionalObject({ templateBody: body }, "templateBody") ?? {};
}

function section(members: Members, name: string): Members {
  return optionalObject(members, name) ?? {};
}

function refuseOthers(members: Members, known: readonly string[], where: string): void {
  const other = Object.keys(members).find((name) => !known.includes(name));
  if (other !== undefined) throw notSupported(`${other} in ${where}`);
}
