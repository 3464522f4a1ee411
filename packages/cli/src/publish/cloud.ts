import type { AwsAccess } from "../aws/access.js";
import { type Images, openImages } from "../aws/images.js";
import { type Iot, openIot } from "../aws/iot.js";

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
