import { expect, test } from "vitest";
import { iamEndpointOf, stsEndpointOf } from "./query-endpoints.js";

const plain = { useFips: false, useDualStack: false };
const fips = { useFips: true, useDualStack: false };
const dual = { useFips: false, useDualStack: true };
const both = { useFips: true, useDualStack: true };

// What AWS's own endpoint rule sets of STS and IAM (botocore 1.43.11) answer for these.
test.each([
  ["eu-west-1", plain, "https://sts.eu-west-1.amazonaws.com"],
  ["eu-west-1", dual, "https://sts.eu-west-1.api.aws"],
  ["us-east-1", fips, "https://sts-fips.us-east-1.amazonaws.com"],
  ["us-east-1", both, "https://sts-fips.us-east-1.api.aws"],
  ["cn-north-1", plain, "https://sts.cn-north-1.amazonaws.com.cn"],
  ["cn-north-1", dual, "https://sts.cn-north-1.api.amazonwebservices.com.cn"],
  ["us-gov-west-1", plain, "https://sts.us-gov-west-1.amazonaws.com"],
  ["us-gov-west-1", fips, "https://sts.us-gov-west-1.amazonaws.com"],
  ["us-gov-west-1", dual, "https://sts.us-gov-west-1.api.aws"],
  ["us-gov-east-1", both, "https://sts-fips.us-gov-east-1.api.aws"],
  ["us-iso-east-1", plain, "https://sts.us-iso-east-1.c2s.ic.gov"],
  ["us-isob-east-1", fips, "https://sts-fips.us-isob-east-1.sc2s.sgov.gov"],
  ["eusc-de-east-1", plain, "https://sts.eusc-de-east-1.amazonaws.eu"],
] as const)("STS of %s with %j is at %s", (region, switches, endpoint) => {
  expect(stsEndpointOf(region, switches)).toEqual({ endpoint, region });
});

test.each([
  ["eu-west-1", plain, "https://iam.amazonaws.com", "us-east-1"],
  ["eu-west-1", fips, "https://iam-fips.amazonaws.com", "us-east-1"],
  ["eu-west-1", dual, "https://iam.global.api.aws", "us-east-1"],
  ["eu-west-1", both, "https://iam-fips.global.api.aws", "us-east-1"],
  ["cn-northwest-1", plain, "https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"],
  ["cn-north-1", dual, "https://iam.global.api.amazonwebservices.com.cn", "cn-north-1"],
  ["cn-north-1", fips, "https://iam-fips.amazonaws.com.cn", "cn-northwest-1"],
  ["us-gov-east-1", plain, "https://iam.us-gov.amazonaws.com", "us-gov-west-1"],
  ["us-gov-east-1", fips, "https://iam.us-gov.amazonaws.com", "us-gov-west-1"],
  ["us-gov-west-1", dual, "https://iam.us-gov.api.aws", "us-gov-west-1"],
  ["us-gov-west-1", both, "https://iam.us-gov.api.aws", "us-gov-west-1"],
  ["us-iso-east-1", plain, "https://iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"],
  ["us-iso-east-1", dual, "https://iam.api.aws.ic.gov", "us-iso-east-1"],
  ["us-isob-east-1", fips, "https://iam-fips.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"],
  ["us-isof-south-1", fips, "https://iam-fips.csp.hci.ic.gov", "us-isof-south-1"],
  ["eu-isoe-west-1", plain, "https://iam.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1"],
  ["eusc-de-east-1", both, "https://iam-fips.api.amazonwebservices.eu", "eusc-de-east-1"],
] as const)("IAM for %s with %j is at %s, signed for %s", (region, switches, endpoint, signedFor) => {
  expect(iamEndpointOf(region, switches)).toEqual({ endpoint, region: signedFor });
});
