/**
 * The reserved topics of fleet provisioning. Source: AWS IoT Developer Guide, "Device provisioning MQTT API". The topic of
 * an answer is that of the request plus `/accepted` or `/rejected`.
 */

/** A request to the fleet provisioning service. */
export type ProvisioningRequest =
  | { operation: "createKeysAndCertificate" }
  | { operation: "createCertificateFromCsr" }
  | { operation: "registerThing"; templateName: string };

/** Encoding of the payload, which the topic names. */
export type PayloadFormat = "json" | "cbor";

/** Returns the topic of a request with a JSON payload. */
export function provisioningTopic(request: ProvisioningRequest): string {
  switch (request.operation) {
    case "createKeysAndCertificate":
      return "$aws/certificates/create/json";
    case "createCertificateFromCsr":
      return "$aws/certificates/create-from-csr/json";
    case "registerThing":
      return `$aws/provisioning-templates/${request.templateName}/provision/json`;
  }
}

/** Parses a topic. Returns `undefined` if it is not that of a request to the fleet provisioning service. */
export function matchProvisioningTopic(
  topic: string,
): { request: ProvisioningRequest; format: PayloadFormat } | undefined {
  const [, creation, creationFormat] =
    /^\$aws\/certificates\/(create|create-from-csr)\/(json|cbor)$/.exec(topic) ?? [];
  if (creation !== undefined) {
    const operation = creation === "create" ? "createKeysAndCertificate" : "createCertificateFromCsr";
    return { request: { operation }, format: creationFormat as PayloadFormat };
  }
  const [, templateName, format] =
    /^\$aws\/provisioning-templates\/([^/]+)\/provision\/(json|cbor)$/.exec(topic) ?? [];
  if (templateName === undefined) return undefined;
  return { request: { operation: "registerThing", templateName }, format: format as PayloadFormat };
}
