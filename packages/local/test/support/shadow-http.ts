import type { ShadowId } from "@fota/shared";
import type { Local } from "../../src/index.js";

/** Updates a shadow over HTTP, as an application does. Rejects if the stand-in refuses it. */
export async function updateShadow(
  { endpoint, region }: Pick<Local, "endpoint" | "region">,
  { thingName, shadowName }: ShadowId,
  state: object | null,
): Promise<void> {
  const name = shadowName === undefined ? "" : `?name=${encodeURIComponent(shadowName)}`;
  const authorization = `AWS4-HMAC-SHA256 Credential=test/20261124/${region}/iotdata/aws4_request`;
  const response = await fetch(`${endpoint}/things/${thingName}/shadow${name}`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ state }),
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
}
