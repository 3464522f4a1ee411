import { invalidRequest, notFound } from "../errors.js";

/**
 * The job templates that AWS provides. Source: AWS IoT Developer Guide, "Managed template remote actions and job
 * documents"; all of them run one handler on the device.
 */
export interface ManagedTemplate {
  templateName: string;
  templateVersion: string;
  description: string;
  environments: string[];
  documentParameters: DocumentParameter[];
  /** JSON text with `${aws:iot:parameter:<key>}` where a parameter goes. */
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
const FOR_ALL: DocumentParameter[] = [
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
  managed("Download-File", "downloading a file", "download-file.sh", [DOWNLOAD_URL, FILE_PATH]),
  managed("Install-Application", "installing one or more applications", "install-packages.sh", [PACKAGES]),
  managed("Reboot", "rebooting the device", "reboot.sh", []),
  managed("Remove-Application", "uninstalling one or more applications", "remove-packages.sh", [PACKAGES]),
  managed("Restart-Application", "restarting one or more system services", "restart-services.sh", [SERVICES]),
  managed("Start-Application", "starting one or more system services", "start-services.sh", [SERVICES]),
  managed("Stop-Application", "stopping one or more system services", "stop-services.sh", [SERVICES]),
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

/** The name and version that the ARN of a managed template has; `undefined` for another ARN. */
export function managedTemplateIn(arn: string): { name: string; version: string } | undefined {
  const match = /^arn:aws[a-z-]*:iot:[a-z0-9-]+::jobtemplate\/([\w-]+):(\d+\.\d+)$/.exec(arn);
  const [, name, version] = match ?? [];
  return name === undefined || version === undefined ? undefined : { name, version };
}

/** These belong to AWS: their ARNs have no account. */
export function managedTemplateArn(region: string, template: ManagedTemplate): string {
  return `arn:aws:iot:${region}::jobtemplate/${template.templateName}:${template.templateVersion}`;
}

/**
 * The document with the parameters in it; an optional one that is not given becomes an empty text.
 * @throws {AwsError} InvalidRequest for a parameter that is missing, unknown, or not as it must be
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

function managed(
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
    documentParameters: [...own, ...FOR_ALL],
    document: JSON.stringify({ version: "1.0", steps: [step] }),
  };
}
