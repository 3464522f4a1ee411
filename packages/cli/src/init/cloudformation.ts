import { ABORT_UPLOADS_AFTER_DAYS, fillMarks, hasMarks, type TemplateParts } from "./template-parts.js";

const PSEUDO_PARAMETERS = {
  partition: "${AWS::Partition}",
  region: "${AWS::Region}",
  account: "${AWS::AccountId}",
};

/** Returns a CloudFormation template, in JSON. */
export function cloudFormationTemplate({ bucket, role, publisher, operator, device }: TemplateParts): string {
  const template = {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: "Bucket, role and policies of fota. Deploy with --capabilities CAPABILITY_NAMED_IAM",
    Resources: {
      Images: {
        Type: "AWS::S3::Bucket",
        DeletionPolicy: "Retain",
        UpdateReplacePolicy: "Retain",
        Properties: {
          BucketName: bucket,
          PublicAccessBlockConfiguration: {
            BlockPublicAcls: true,
            BlockPublicPolicy: true,
            IgnorePublicAcls: true,
            RestrictPublicBuckets: true,
          },
          VersioningConfiguration: { Status: "Enabled" },
          LifecycleConfiguration: {
            Rules: [
              {
                Id: "unfinished-uploads",
                Status: "Enabled",
                AbortIncompleteMultipartUpload: { DaysAfterInitiation: ABORT_UPLOADS_AFTER_DAYS },
              },
            ],
          },
        },
      },
      ...(role && {
        PresignRole: {
          Type: "AWS::IAM::Role",
          Properties: {
            RoleName: role.name,
            AssumeRolePolicyDocument: substituted(role.trust),
            Policies: [{ PolicyName: role.policyName, PolicyDocument: substituted(role.policy) }],
          },
        },
      }),
      Publisher: {
        Type: "AWS::IAM::ManagedPolicy",
        Properties: {
          ManagedPolicyName: publisher.policyName,
          PolicyDocument: substituted(publisher.policy),
        },
      },
      Operator: {
        Type: "AWS::IAM::ManagedPolicy",
        Properties: {
          ManagedPolicyName: operator.policyName,
          PolicyDocument: substituted(operator.policy),
        },
      },
      Device: {
        Type: "AWS::IoT::Policy",
        Properties: { PolicyName: device.policyName, PolicyDocument: substituted(device.policy) },
      },
    },
    Outputs: {
      ...(role && { PresignRoleArn: { Value: { "Fn::GetAtt": ["PresignRole", "Arn"] } } }),
      PublisherPolicyArn: { Value: { Ref: "Publisher" } },
      OperatorPolicyArn: { Value: { Ref: "Operator" } },
    },
  };
  return JSON.stringify(template, null, 2);
}

/** Puts `Fn::Sub` around each text that has something to fill in. */
function substituted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(substituted);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, substituted(each)]));
  }
  if (typeof value !== "string" || !hasMarks(value)) return value;
  return { "Fn::Sub": fillMarks(value, PSEUDO_PARAMETERS, "${!") };
}
