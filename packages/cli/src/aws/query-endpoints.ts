import { partition } from "@aws-sdk/core/client";

/**
 * Holds the endpoint switches of the AWS tools: AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT, and the profile's.
 */
export interface EndpointSwitches {
  useFips: boolean;
  useDualStack: boolean;
}

export interface QueryEndpoint {
  endpoint: string;
  /** The region that requests are signed for. */
  region: string;
}

/** Follows the endpoint rules of STS, for the region itself and never for the global endpoint. */
export function stsEndpointOf(region: string, { useFips, useDualStack }: EndpointSwitches): QueryEndpoint {
  const { name, dnsSuffix, dualStackDnsSuffix } = partition(region);
  // In GovCloud, the FIPS endpoints have the plain name.
  const fips = useFips && (name !== "aws-us-gov" || useDualStack) ? "-fips" : "";
  const suffix = useDualStack ? dualStackDnsSuffix : dnsSuffix;
  return { endpoint: `https://sts${fips}.${region}.${suffix}`, region };
}

/** Lists the hosts of IAM, one service per partition, where its rules do not follow from the partition's suffixes. */
const IAM_HOSTS: Readonly<Record<string, Partial<Record<"plain" | "fips" | "dual" | "both", string>>>> = {
  aws: { dual: "iam.global.api.aws", both: "iam-fips.global.api.aws" },
  "aws-cn": { plain: "iam.cn-north-1.amazonaws.com.cn", dual: "iam.global.api.amazonwebservices.com.cn" },
  "aws-us-gov": {
    plain: "iam.us-gov.amazonaws.com",
    fips: "iam.us-gov.amazonaws.com",
    dual: "iam.us-gov.api.aws",
    both: "iam.us-gov.api.aws",
  },
  "aws-iso": { plain: "iam.us-iso-east-1.c2s.ic.gov", fips: "iam-fips.us-iso-east-1.c2s.ic.gov" },
  "aws-iso-b": { plain: "iam.us-isob-east-1.sc2s.sgov.gov", fips: "iam-fips.us-isob-east-1.sc2s.sgov.gov" },
  "aws-iso-e": { plain: "iam.eu-isoe-west-1.cloud.adc-e.uk" },
  "aws-iso-f": { plain: "iam.us-isof-south-1.csp.hci.ic.gov" },
  "aws-eusc": { plain: "iam.eusc-de-east-1.amazonaws.eu" },
};

const IAM_REGIONS: Readonly<Record<string, string>> = {
  aws: "us-east-1",
  "aws-cn": "cn-north-1",
  "aws-us-gov": "us-gov-west-1",
  "aws-iso": "us-iso-east-1",
  "aws-iso-b": "us-isob-east-1",
  "aws-iso-e": "eu-isoe-west-1",
  "aws-iso-f": "us-isof-south-1",
  "aws-eusc": "eusc-de-east-1",
};

/** Follows the endpoint rules of IAM. */
export function iamEndpointOf(region: string, { useFips, useDualStack }: EndpointSwitches): QueryEndpoint {
  const { name, dnsSuffix, dualStackDnsSuffix } = partition(region);
  const kind = useFips ? (useDualStack ? "both" : "fips") : useDualStack ? "dual" : "plain";
  const host =
    IAM_HOSTS[name]?.[kind] ??
    `iam${useFips ? "-fips" : ""}.${useDualStack ? dualStackDnsSuffix : dnsSuffix}`;
  const home = IAM_REGIONS[name] ?? region;
  // For these endpoints the rules name a region that China does not have.
  return { endpoint: `https://${host}`, region: name === "aws-cn" && useFips ? "cn-northwest-1" : home };
}
