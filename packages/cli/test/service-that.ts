import type { IoTClient } from "@aws-sdk/client-iot";
import type { S3Client } from "@aws-sdk/client-s3";
import type { Iot } from "../src/aws/iot.js";
import type { S3 } from "../src/aws/s3.js";
import type { SdkService } from "../src/aws/service.js";

type Answers = Record<string, (input: Record<string, unknown>) => object>;

/** An AWS IoT that answers each command by its name. */
export function iotThat(answers: Answers): { iot: Iot; asked: string[] } {
  const { service, asked } = serviceThat<IoTClient>(answers);
  return { iot: service, asked };
}

/** An S3 that answers each command by its name. */
export function s3That(answers: Answers): { s3: S3; asked: string[] } {
  const { service, asked } = serviceThat<S3Client>(answers);
  return { s3: service, asked };
}

function serviceThat<Client>(answers: Answers): { service: SdkService<Client>; asked: string[] } {
  const asked: string[] = [];
  const send = async (command: { input: Record<string, unknown> }) => {
    const name = command.constructor.name.replace(/Command$/, "");
    asked.push(name);
    const answer = answers[name];
    if (answer === undefined) throw new Error(`${name} was not expected`);
    return answer(command.input);
  };
  const service: SdkService<Client> = {
    client: { send } as Client,
    endpoint: undefined,
    identity: async () => {
      throw new Error("not asked for");
    },
    call: (_call, request) => request({ abortSignal: new AbortController().signal }),
    close: () => {},
  };
  return { service, asked };
}
