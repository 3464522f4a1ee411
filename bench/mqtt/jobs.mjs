// Connected things on one stand-in, each of which takes one job to SUCCEEDED.
import { iotClient } from "../iot-client.mjs";
import { mqttClient } from "./client.mjs";

const TARGETS_PER_JOB = 100; // as many as AWS takes

/**
 * Makes `count` things and connects them. The function that it resolves to creates the jobs, and resolves when each
 * thing has got the answer that its SUCCEEDED is accepted.
 */
export async function runJobs({ info, port }, count) {
  const { ask, atOnce, close } = iotClient(info);
  const names = Array.from({ length: count }, (_, index) => `bench-${index}`);
  const ended = [];
  await atOnce(count, async (index) => {
    await ask("POST", `/things/${names[index]}`, {});
    ended.push(await connectThing(port, names[index]));
  });
  const jobs = Array.from({ length: Math.ceil(count / TARGETS_PER_JOB) }, (_, index) => ({
    jobId: `bench-${index}`,
    targets: names
      .slice(index * TARGETS_PER_JOB, (index + 1) * TARGETS_PER_JOB)
      .map((name) => `arn:aws:iot:${info.region}:000000000000:thing/${name}`),
  }));
  return async () => {
    for (const { jobId, targets } of jobs) {
      await ask("PUT", `/jobs/${jobId}`, { targets, document: '{"operation":"bench"}' });
    }
    const clients = await Promise.all(ended.map(({ succeeded }) => succeeded));
    for (const client of clients) client.close();
    close();
  };
}

/** Connects a thing that takes any job to SUCCEEDED. `succeeded` resolves to its client after the first one. */
async function connectThing(port, name) {
  const base = `$aws/things/${name}/jobs`;
  let resolve;
  const succeeded = new Promise((done) => {
    resolve = done;
  });
  const client = await mqttClient({
    port,
    clientId: name,
    onMessage: (topic, payload) => {
      if (topic === `${base}/notify-next`) {
        if (JSON.parse(payload).execution?.status === "QUEUED") client.publish(`${base}/start-next`, "{}");
      } else if (topic === `${base}/start-next/accepted`) {
        const { jobId } = JSON.parse(payload).execution;
        client.publish(`${base}/${jobId}/update`, '{"status":"SUCCEEDED"}');
      } else if (topic.endsWith("/update/accepted")) {
        resolve(client);
      }
    },
  });
  await client.subscribe(`${base}/notify-next`);
  return { succeeded };
}
