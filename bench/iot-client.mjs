// Requests of a client of AWS IoT, S3 and Jobs that does as little as possible: unverified signatures, connections that
// stay open.
import { Agent, request } from "node:http";

/**
 * Returns functions for a stand-in: `ask` resolves to the text of an answer, `askJson` to the parsed text, and both reject
 * what is not 2xx. `atOnce` calls `task` for the numbers below `count`, 32 at a time.
 */
export function iotClient({ endpoint, region }) {
  const AT_ONCE = 32;
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

  function ask(method, path, body, service = "iot") {
    const scope = `20261124/${region}/${service}/aws4_request`;
    const authorization = `AWS4-HMAC-SHA256 Credential=test/${scope}, SignedHeaders=host, Signature=0`;
    const headers = { authorization, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
    return new Promise((resolve, reject) => {
      const sent = request(endpoint + path, { method, agent, headers }, async (answer) => {
        const text = (await answer.setEncoding("utf8").toArray()).join("");
        if (answer.statusCode < 300) resolve(text);
        else reject(new Error(`${method} ${path}: ${text}`));
      });
      sent.on("error", reject);
      sent.end(typeof body === "object" ? JSON.stringify(body) : body);
    });
  }

  async function atOnce(count, task) {
    let next = 0;
    const worker = async () => {
      for (let index = next++; index < count; index = next++) await task(index);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  const askJson = async (...args) => JSON.parse(await ask(...args));
  return { ask, askJson, atOnce, close: () => agent.destroy() };
}
