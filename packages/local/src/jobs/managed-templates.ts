import { invalidRequest, notFound } from "../errors.js";

/**
 * A job template that AWS provides. Each runs one handler on the device. Source: AWS IoT Developer Guide, "Managed
 * template remote actions and job documents".
 */
export interface ManagedTemplate {
  templateName: string;
  templateVersion: string;
  description: string;
  environments: string[];
  documentParameters: DocumentParameter[];
  /** JSON text with a placeholder `${aws:iot:parameter:<key>}` for each parameter. */
  document: string;
}

interface DocumentParameter {
  key: string;
  description: string;
  regex: string;
  example: string;
  optional: boolean;
}

const REQUIRED = { regex: "(.*?)", optional: false };
const DOWNLOAD_URL = {
  key: "downloadUrl",
  description: "Where the file comes from.",
  example: "https://example.com/app.bin",
  ...REQUIRED,
};
const FILE_PATH = {
  key: "filePath",
  description: "Where the file goes.",
  example: "/var/app.bin",
  ...REQUIRED,
};
const PACKAGES = {
  key: "packages",
  description: "Names, separated by blanks.",
  example: "curl jq",
  ...REQUIRED,
};
const SERVICES = {
  key: "services",
  description: "Names, separated by blanks.",
  example: "nginx",
  ...REQUIRED,
};
const COMMON_PARAMETERS: DocumentParameter[] = [
  {
    key: "runAsUser",
    description: "User that the handler runs as.",
    regex: "(.){0,256}",
    example: "fota",
    optional: true,
  },
  {
    key: "pathToHandler",
    description: "Folder of the handler.",
    regex: "(.){0,4096}",
    example: "/opt/handlers",
    optional: true,
  },
];

export const MANAGED_TEMPLATES: readonly ManagedTemplate[] = [
  makeTemplate("Download-File", "downloading a file", "download-file.sh", [DOWNLOAD_URL, FILE_PATH]),
  makeTemplate("Install-Application", "installing one or more applications", "install-packages.sh", [
    PACKAGES,
  ]),
  makeTemplate("Reboot", "rebooting the device", "reboot.sh", []),
  makeTemplate("Remove-Application", "uninstalling one or more applications", "remove-packages.sh", [
    PACKAGES,
  ]),
  makeTemplate("Restart-Application", "restarting one or more system services", "restart-services.sh", [
    SERVICES,
  ]),
  makeTemplate("Start-Application", "starting one or more system services", "start-services.sh", [SERVICES]),
  makeTemplate("Stop-Application", "stopping one or more system services", "stop-services.sh", [SERVICES]),
];

/** @throws {AwsError} ResourceNotFound */
export function managedTemplate(name: string, version?: string): ManagedTemplate {
  const found = MANAGED_TEMPLATES.find(
    ({ templateName, templateVersion }) =>
      templateName === name && (version === undefined || version === templateVersion),
  );
  if (found === undefined) throw notFound(`Managed job template ${name} ${version ?? ""} does not exist.`);
  return found;
}

/** Parses the ARN of a managed template; returns `undefined` for any other ARN. */
export function parseManagedTemplateArn(arn: string): { name: string; version: string } | undefined {
  const match = /^arn:aws[a-z-]*:iot:[a-z0-9-]+::jobtemplate\/([\w-]+):(\d+\.\d+)$/.exec(arn);
  const [, name, version] = match ?? [];
  return name === undefined || version === undefined ? undefined : { name, version };
}

/** Returns the ARN of a template. It has no account, because the template belongs to AWS. */
export function managedTemplateArn(region: string, template: ManagedTemplate): string {
  return `arn:aws:iot:${region}::jobtemplate/${template.templateName}:${template.templateVersion}`;
}

/**
 * Returns the document with its parameters filled in. An optional parameter without a value becomes an empty string.
 * @throws {AwsError} InvalidRequest for a parameter that is missing, unknown or invalid
 */
export function fillInParameters(
  template: ManagedTemplate,
  values: Readonly<Record<string, string>>,
): string {
  const { documentParameters, document, templateName } = template;
  const unknown = Object.keys(values).find((name) => !documentParameters.some(({ key }) => key === name));
  if (unknown !== undefined) throw invalidRequest(`${templateName} has no document parameter ${unknown}`);
  for (const { key, regex, optional } of documentParameters) {
    const value = values[key];
    if (value === undefined && optional) continue;
    if (value === undefined)
      throw invalidRequest(`The document parameter ${key} of ${templateName} is missing`);
    if (!new RegExp(`^${regex}$`).test(value)) {
      throw invalidRequest(`The document parameter ${key} of ${templateName} must match ${regex}`);
    }
  }
  return document.replace(/\$\{aws:iot:parameter:([\w-]+)\}/g, (_placeholder, key: string) =>
    JSON.stringify(values[key] ?? "").slice(1, -1),
  );
}

function makeTemplate(
  action: string,
  purpose: string,
  handler: string,
  own: DocumentParameter[],
): ManagedTemplate {
  const place = (key: string) => `\${aws:iot:parameter:${key}}`;
  const args = own.map(({ key }) => place(key));
  const input = { handler, ...(args.length > 0 && { args }), path: place("pathToHandler") };
  const step = { action: { name: action, type: "runHandler", input, runAsUser: place("runAsUser") } };
  return {
    templateName: `AWS-${action}`,
    templateVersion: "1.0",
    description: `A managed job template for ${purpose}.`,
    environments: ["LINUX"],
    documentParameters: [...own, ...COMMON_PARAMETERS],
    document: JSON.stringify({ version: "1.0", steps: [step] }),
  };
}
