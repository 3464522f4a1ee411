import type { AwsAccess } from "./access.js";
import { type Images, openImages } from "./images.js";
import { type Iot, openIot } from "./iot.js";

/** The services that a publish talks to. */
export interface Cloud {
  iot: Iot;
  images: Images;
  access: AwsAccess;
  signal: AbortSignal;
  close(): void;
}

export function openCloud(access: AwsAccess, signal: AbortSignal): Cloud {
  const iot = openIot(access, signal);
  const images = openImages(access, signal);
  return {
    iot,
    images,
    access,
    signal,
    close() {
      iot.close();
      images.close();
    },
  };
}
