import { ABORT_UPLOADS_AFTER_DAYS, fillMarks, type TemplateParts } from "./template-parts.js";

const LOCALS = { partition: "${local.partition}", region: "${local.region}", account: "${local.account}" };

/** Returns a Terraform configuration, in HCL, for version 5 and newer of the AWS provider. */
export function terraformTemplate({ bucket, role, publisher, operator, device }: TemplateParts): string {
  const roles = role === undefined ? [] : [roleBlocks(role)];
  return [HEAD, bucketBlocks(bucket), ...roles, policyBlocks()].join("\n\n");

  function policyBlocks(): string {
    return `resource "aws_iam_policy" "publisher" {
  name = ${JSON.stringify(publisher.policyName)}

  policy = ${encoded(publisher.policy)}
}

resource "aws_iam_policy" "operator" {
  name = ${JSON.stringify(operator.policyName)}

  policy = ${encoded(operator.policy)}
}

resource "aws_iot_policy" "device" {
  name = ${JSON.stringify(device.policyName)}

  policy = ${encoded(device.policy)}
}`;
  }
}

const HEAD = `terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id
  account   = data.aws_caller_identity.current.account_id
}`;

function bucketBlocks(bucket: string): string {
  return `resource "aws_s3_bucket" "images" {
  bucket = ${JSON.stringify(bucket)}

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "images" {
  bucket                  = aws_s3_bucket.images.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "images" {
  bucket = aws_s3_bucket.images.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "images" {
  bucket = aws_s3_bucket.images.id

  rule {
    id     = "unfinished-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = ${ABORT_UPLOADS_AFTER_DAYS}
    }
  }
}`;
}

function roleBlocks(role: NonNullable<TemplateParts["role"]>): string {
  return `resource "aws_iam_role" "presign" {
  name = ${JSON.stringify(role.name)}

  assume_role_policy = ${encoded(role.trust)}
}

resource "aws_iam_role_policy" "images" {
  name = ${JSON.stringify(role.policyName)}
  role = aws_iam_role.presign.id

  policy = ${encoded(role.policy)}
}`;
}

/** Objects of HCL may be written as in JSON; `$${` stands for `${` in its strings. */
function encoded(policy: object): string {
  const json = JSON.stringify(policy, null, 2).replaceAll("\n", "\n  ");
  return `jsonencode(${fillMarks(json, LOCALS, "$${")})`;
}
