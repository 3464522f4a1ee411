import { expect, test } from "vitest";
import { matchProvisioningTopic, provisioningTopic } from "./provisioning-topics.js";

test.each([
  { topic: "$aws/certificates/create/json", request: { operation: "createKeysAndCertificate" } },
  { topic: "$aws/certificates/create-from-csr/json", request: { operation: "createCertificateFromCsr" } },
  {
    topic: "$aws/provisioning-templates/fleet/provision/json",
    request: { operation: "registerThing", templateName: "fleet" },
  },
] as const)("$topic is the topic of $request.operation", ({ topic, request }) => {
  expect(provisioningTopic(request)).toBe(topic);
  expect(matchProvisioningTopic(topic)).toEqual({ request, format: "json" });
  expect(matchProvisioningTopic(topic.replace("/json", "/cbor"))).toEqual({ request, format: "cbor" });
});

test.each([
  "$aws/certificates/create",
  "$aws/certificates/create/json/accepted",
  "$aws/certificates/create/xml",
  "$aws/provisioning-templates//provision/json",
  "$aws/provisioning-templates/a/b/provision/json",
  "certificates/create/json",
])("%s is not the topic of a request", (topic) => {
  expect(matchProvisioningTopic(topic)).toBeUndefined();
});
