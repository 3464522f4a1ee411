"""Which members of AWS's own API models the stand-in's answers never have: prints them as JSON.

Arguments: endpoint, a certificate signing request. Every operation that is answered must be called in here; the others
must be refused as unsupported.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

endpoint, signing_request, foreign = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
PAIR = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
CONFIG = Config(
    parameter_validation=False, retries={"max_attempts": 0}, signature_version="v4", s3={"addressing_style": "path"}
)


class Service:
    """Calls operations, and remembers which members came back in any of their answers."""

    def __init__(self, name):
        self.client = boto3.client(name, endpoint_url=endpoint, region_name="us-east-1", config=CONFIG, **PAIR)
        self.model = self.client.meta.service_model
        self.methods = {op: method for method, op in self.client.meta.method_to_api_mapping.items()}
        self.seen = {}

    def __call__(self, operation, **parameters):
        if operation not in self.model.operation_names:
            return {}  # an older model
        parameters = known(self.model.operation_model(operation).input_shape, parameters)
        answer = getattr(self.client, self.methods[operation])(**parameters)
        note(self.model.operation_model(operation).output_shape, answer, "", self.seen.setdefault(operation, set()))
        return answer

    def absent(self):
        found = {}
        for operation, seen in self.seen.items():
            paths = set(members(self.model.operation_model(operation).output_shape, "", ()))
            parents_seen = {path for path in paths - seen if path.rpartition(".")[0] in seen | {""}}
            if parents_seen:
                found[operation] = sorted(parents_seen)
        return found

    def answered_untested(self):
        """Operations that were not called and yet are not refused as unsupported."""
        found = []
        for operation in sorted(set(self.model.operation_names) - set(self.seen)):
            model = self.model.operation_model(operation)
            shape = model.input_shape
            parameters = {name: value_of(shape.members[name]) for name in shape.required_members} if shape else {}
            try:
                getattr(self.client, self.methods[operation])(**parameters)
                found.append(operation)
            except ClientError as error:
                refusal = error.response["Error"]
                if "fota local" not in refusal["Message"] and refusal["Code"] not in ("NotImplemented", "501"):
                    found.append(operation)
            except BotoCoreError:
                pass  # nothing was sent: it is for another kind of bucket
        return found


def value_of(shape):
    kind = shape.type_name
    if kind == "structure":
        return {name: value_of(shape.members[name]) for name in shape.required_members}
    if kind == "blob":
        return b"x"
    return {"list": [], "map": {}, "boolean": True, "timestamp": 0}.get(kind, 1 if kind != "string" else "x")


def known(shape, value):
    """The value without what an older model has not."""
    if shape is not None and shape.type_name == "structure" and isinstance(value, dict):
        return {name: known(shape.members[name], each) for name, each in value.items() if name in shape.members}
    if shape is not None and shape.type_name == "list" and isinstance(value, list):
        return [known(shape.member, each) for each in value]
    return value


def members(shape, path, above):
    """Paths of all members below a shape, each recursion once."""
    if shape is None or shape.name in above:
        return
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield f"{path}{name}"
            yield from members(member, f"{path}{name}.", (*above, shape.name))
    elif shape.type_name == "list":
        yield from members(shape.member, path, above)


def note(shape, value, path, seen):
    if shape is None or value is None:
        return
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if name in value:
                seen.add(f"{path}{name}")
                note(member, value[name], f"{path}{name}.", seen)
    elif shape.type_name == "list":
        for each in value:
            note(shape.member, each, path, seen)


def things(iot):
    tags = [{"Key": "a", "Value": "b"}]
    kind = {"thingTypeDescription": "d", "searchableAttributes": ["model"]}
    made = iot("CreateThingType", thingTypeName="kind", thingTypeProperties=kind, tags=tags)
    iot("UpdateThingType", thingTypeName="kind", thingTypeProperties=kind)
    iot("ListTagsForResource", resourceArn=made["thingTypeArn"])
    attributes = {"attributes": {"model": "x1"}}
    billing = {"billingGroupName": "paid", "billingGroupProperties": {"billingGroupDescription": "d"}}
    for name in ("paid", "other"):
        iot("CreateBillingGroup", **{**billing, "billingGroupName": name})
    iot("UpdateBillingGroup", **billing)
    iot("DescribeBillingGroup", billingGroupName="paid")
    iot("ListBillingGroups", maxResults=1)
    properties = {"thingTypeName": "kind", "attributePayload": attributes, "billingGroupName": "paid"}
    for name in ("t1", "t2"):
        thing = iot("CreateThing", thingName=name, **properties)
    iot("ListThingsInBillingGroup", billingGroupName="paid", maxResults=1)
    iot("RemoveThingFromBillingGroup", billingGroupName="paid", thingName="t2")
    iot("AddThingToBillingGroup", billingGroupName="paid", thingName="t2")
    iot("DeleteBillingGroup", billingGroupName="other")
    iot("UpdateThing", thingName="t1", attributePayload=attributes)
    iot("DescribeThing", thingName="t1")
    iot("ListThings", maxResults=1)
    iot("CreateThingType", thingTypeName="other")
    iot("DeprecateThingType", thingTypeName="kind")
    iot("DescribeThingType", thingTypeName="kind")
    iot("ListThingTypes", maxResults=1)
    refused(iot, "DeleteThingType", thingTypeName="other")  # it takes five minutes
    return thing["thingArn"]


def groups(iot):
    properties = {"thingGroupDescription": "d", "attributePayload": {"attributes": {"a": "b"}}}
    iot("CreateThingGroup", thingGroupName="above", thingGroupProperties=properties)
    group = iot("CreateThingGroup", thingGroupName="g", parentGroupName="above", thingGroupProperties=properties)
    iot("UpdateThingGroup", thingGroupName="g", thingGroupProperties=properties)
    query = {"thingGroupName": "d", "queryString": "thingName:t*"}
    iot("CreateDynamicThingGroup", thingGroupProperties=properties, **query)
    iot("UpdateDynamicThingGroup", thingGroupProperties=properties, **query)
    for name in ("t1", "t2"):
        iot("AddThingToThingGroup", thingGroupName="g", thingName=name)
    iot("UpdateThingGroupsForThing", thingName="t1", thingGroupsToAdd=["above"])
    for name in ("g", "d"):
        iot("DescribeThingGroup", thingGroupName=name)
    iot("ListThingGroups", maxResults=1)
    iot("ListThingsInThingGroup", thingGroupName="g", maxResults=1)
    iot("ListThingGroupsForThing", thingName="t1", maxResults=1)
    iot("RemoveThingFromThingGroup", thingGroupName="above", thingName="t1")
    return group["thingGroupArn"]


def index(iot, shadow_data):
    shadow = {"namedShadowNames": ["seen"], "geoLocations": [{"name": "shadow.reported.at", "order": "LatLon"}]}
    modes = {
        "thingIndexingMode": "REGISTRY",
        "thingConnectivityIndexingMode": "STATUS",
        "namedShadowIndexingMode": "ON",
        "customFields": [{"name": "attributes.model", "type": "String"}],
        "filter": shadow,
    }
    groups = {"thingGroupIndexingMode": "ON", "customFields": [{"name": "attributes.a", "type": "String"}]}
    iot("UpdateIndexingConfiguration", thingIndexingConfiguration=modes, thingGroupIndexingConfiguration=groups)
    iot("GetIndexingConfiguration")
    iot("ListIndices")
    iot("DescribeIndex", indexName="AWS_Things")
    state = {"reported": {"version": "1.0"}}
    shadow_data.client.update_thing_shadow(thingName="t2", shadowName="seen", payload=json.dumps({"state": state}))
    iot("SearchIndex", queryString="thingName:t*", maxResults=1)
    iot("SearchIndex", queryString="shadow.name.seen.reported.version:*")
    iot("SearchIndex", indexName="AWS_ThingGroups", queryString="parentGroupNames:*")
    query = {"queryString": "thingName:t*"}
    iot("GetStatistics", **query)
    iot("GetCardinality", aggregationField="attributes.model", **query)
    iot("GetPercentiles", aggregationField="registry.version", **query)
    terms = {"termsAggregation": {"maxBuckets": 5}}
    iot("GetBucketsAggregation", aggregationField="attributes.model", bucketsAggregationType=terms, **query)
    iot("GetThingConnectivityData", thingName="t1")


def certificates(iot):
    certificate = iot("CreateKeysAndCertificate", setAsActive=True)
    other = iot("CreateCertificateFromCsr", certificateSigningRequest=signing_request)
    iot("RegisterCertificateWithoutCA", certificatePem=foreign["alone"])
    iot("GetRegistrationCode")
    cas = [
        iot("RegisterCACertificate", caCertificate=pem, certificateMode="SNI_ONLY", setAsActive=True)
        for pem in foreign["cas"]
    ]
    ca_id = cas[0]["certificateId"]
    signed = [iot("RegisterCertificate", certificatePem=pem) for pem in foreign["signed"]]
    iot("DescribeCertificate", certificateId=signed[0]["certificateId"])
    iot("DescribeCACertificate", certificateId=ca_id)
    iot("ListCACertificates", pageSize=1)
    iot("ListCertificatesByCA", caCertificateId=ca_id, pageSize=1)
    iot("UpdateCACertificate", certificateId=ca_id, newStatus="INACTIVE")
    iot("DeleteCACertificate", certificateId=ca_id)
    for alias in ("a1", "a2"):
        iot("CreateRoleAlias", roleAlias=alias, roleArn="arn:aws:iam::000000000000:role/upload")
    iot("DescribeRoleAlias", roleAlias="a1")
    iot("UpdateRoleAlias", roleAlias="a1", credentialDurationSeconds=900)
    iot("ListRoleAliases", pageSize=1)
    iot("DeleteRoleAlias", roleAlias="a2")
    arn, certificate_id = certificate["certificateArn"], certificate["certificateId"]
    iot("DescribeCertificate", certificateId=certificate_id)
    iot("ListCertificates", pageSize=1)
    for name in ("t1", "t2"):
        iot("AttachThingPrincipal", thingName=name, principal=arn)
    iot("AttachThingPrincipal", thingName="t1", principal=other["certificateArn"])
    for operation in ("ListThingPrincipals", "ListThingPrincipalsV2"):
        iot(operation, thingName="t1", maxResults=1)
    for operation in ("ListPrincipalThings", "ListPrincipalThingsV2"):
        iot(operation, principal=arn, maxResults=1)
    statement = {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    for name in ("p1", "p2"):
        iot("CreatePolicy", policyName=name, policyDocument=document)
        iot("AttachPolicy", policyName=name, target=arn)
    iot("AttachPrincipalPolicy", policyName="p1", principal=other["certificateArn"])
    iot("CreatePolicyVersion", policyName="p1", policyDocument=document)
    iot("GetPolicy", policyName="p1")
    iot("GetPolicyVersion", policyName="p1", policyVersionId="2")
    iot("ListPolicyVersions", policyName="p1")
    iot("SetDefaultPolicyVersion", policyName="p1", policyVersionId="2")
    iot("DeletePolicyVersion", policyName="p1", policyVersionId="1")
    iot("ListPolicies", pageSize=1)
    iot("ListAttachedPolicies", target=arn, pageSize=1)
    iot("ListPrincipalPolicies", principal=arn, pageSize=1)
    iot("ListTargetsForPolicy", policyName="p1", pageSize=1)
    iot("ListPolicyPrincipals", policyName="p1", pageSize=1)
    iot("GetEffectivePolicies", principal=arn)
    iot("DetachPrincipalPolicy", policyName="p1", principal=other["certificateArn"])
    for name in ("p1", "p2"):
        iot("DetachPolicy", policyName=name, target=arn)
    iot("DeletePolicy", policyName="p1")
    for name in ("t1", "t2"):
        iot("DetachThingPrincipal", thingName=name, principal=arn)
    iot("UpdateCertificate", certificateId=certificate_id, newStatus="INACTIVE")
    iot("DeleteCertificate", certificateId=certificate_id)


def jobs(iot, data, thing_arn, group_arn):
    config = {
        "description": "d",
        "presignedUrlConfig": {"roleArn": "arn:aws:iam::000000000000:role/reader", "expiresInSec": 60},
        "jobExecutionsRolloutConfig": {
            "maximumPerMinute": 100,
            "exponentialRate": {
                "baseRatePerMinute": 50,
                "incrementFactor": 1.5,
                "rateIncreaseCriteria": {"numberOfNotifiedThings": 1},
            },
        },
        "abortConfig": {
            "criteriaList": [
                {"failureType": "ALL", "action": "CANCEL", "thresholdPercentage": 50, "minNumberOfExecutedThings": 9}
            ]
        },
        "timeoutConfig": {"inProgressTimeoutInMinutes": 60},
        "jobExecutionsRetryConfig": {"criteriaList": [{"failureType": "FAILED", "numberOfRetries": 1}]},
    }
    windows = [{"startTime": "cron(0 0 * * ? *)", "durationInMinutes": 1430}]
    template = iot("CreateJobTemplate", jobTemplateId="plan", document="{}", maintenanceWindows=windows, **config)
    iot("CreateJobTemplate", jobTemplateId="second", document="{}", description="d")
    iot("DescribeJobTemplate", jobTemplateId="plan")
    iot("ListJobTemplates", maxResults=1)
    managed = iot("ListManagedJobTemplates", maxResults=1)["managedJobTemplates"][0]["templateName"]
    iot("DescribeManagedJobTemplate", templateName=managed)
    iot("DescribeManagedJobTemplate", templateName="AWS-Download-File")
    job = iot("CreateJob", jobId="j1", targets=[thing_arn], document="{}", **config)
    iot("UpdateJob", jobId="j1", description="e")
    iot("TagResource", resourceArn=job["jobArn"], tags=[{"Key": "a", "Value": "b"}])
    iot("UntagResource", resourceArn=job["jobArn"], tagKeys=["a"])
    scheduled = {"maintenanceWindows": windows}
    iot(
        "CreateJob",
        jobId="j2",
        targets=[group_arn],
        targetSelection="CONTINUOUS",
        jobTemplateArn=template["jobTemplateArn"],
        schedulingConfig={**scheduled, "endTime": "2027-12-01T00:00", "endBehavior": "STOP_ROLLOUT"},
    )
    iot("AssociateTargetsWithJob", jobId="j2", targets=[group_arn], comment="c")
    download = {"downloadUrl": "https://example.com/a", "filePath": "/a"}
    managed_arn = "arn:aws:iot:us-east-1::jobtemplate/AWS-Download-File:1.0"
    iot("CreateJob", jobId="j3", targets=[thing_arn], jobTemplateArn=managed_arn, documentParameters=download)
    iot("GetJobDocument", jobId="j1")
    data("GetPendingJobExecutions", thingName="t2")
    data("StartNextPendingJobExecution", thingName="t2", statusDetails={"a": "b"}, stepTimeoutInMinutes=10)
    data("GetPendingJobExecutions", thingName="t2")
    data("DescribeJobExecution", thingName="t2", jobId="j1")
    more = {"includeJobExecutionState": True, "includeJobDocument": True}
    data("UpdateJobExecution", thingName="t2", jobId="j1", status="IN_PROGRESS", statusDetails={"a": "b"}, **more)
    iot("DescribeJobExecution", thingName="t2", jobId="j1")
    iot("ListJobExecutionsForThing", thingName="t2", maxResults=1)
    iot("ListJobExecutionsForJob", jobId="j1", maxResults=1)
    iot("ListJobExecutionsForJob", jobId="j2", maxResults=1)
    for job_id in ("j1", "j2", "j3"):
        iot("DescribeJob", jobId=job_id)
    iot("CancelJobExecution", thingName="t2", jobId="j1", force=True)
    iot("DescribeJobExecution", thingName="t2", jobId="j1")
    iot("CancelJob", jobId="j3", reasonCode="STOP", comment="c", force=True)
    iot("DescribeJob", jobId="j3")
    iot("ListJobs", thingGroupName="g")
    iot("ListJobs", maxResults=1)
    iot("ListJobs")
    iot("DeleteJobExecution", thingName="t2", jobId="j1", executionNumber=1, force=True)
    iot("DeleteJob", jobId="j1", force=True)
    iot("DeleteJobTemplate", jobTemplateId="plan")


def objects(s3):
    bucket = {"Bucket": "answers"}
    for name in ("answers", "answers-2"):
        s3("CreateBucket", Bucket=name)
    s3("HeadBucket", **bucket)
    s3("ListBuckets", MaxBuckets=1, Prefix="answers")
    s3("GetBucketLocation", **bucket)
    s3("GetBucketEncryption", **bucket)
    s3("PutPublicAccessBlock", PublicAccessBlockConfiguration={"BlockPublicAcls": True}, **bucket)
    s3("GetPublicAccessBlock", **bucket)
    refused(s3, "GetBucketPolicy", **bucket)  # there is none
    s3("PutBucketVersioning", VersioningConfiguration={"Status": "Enabled"}, **bucket)
    s3("GetBucketVersioning", **bucket)
    headers = {
        "CacheControl": "no-store",
        "ContentDisposition": "inline",
        "ContentEncoding": "identity",
        "ContentLanguage": "en",
        "Expires": "Thu, 01 Dec 2033 16:00:00 GMT",
        "Metadata": {"a": "b"},
        "Tagging": "a=b",
        "StorageClass": "STANDARD_IA",
    }
    for key in ("a", "b", "c/d"):
        for algorithm in ("CRC32", "SHA1", "SHA256"):
            kind = {"Key": key, "ChecksumAlgorithm": algorithm}
            version = s3("PutObject", Body=b"0123456789", **kind, **headers, **bucket)["VersionId"]
            for operation in ("GetObject", "HeadObject"):
                s3(operation, Key=key, ChecksumMode="ENABLED", Range="bytes=0-", **bucket)
            attributes = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
            s3("GetObjectAttributes", Key=key, ObjectAttributes=attributes, **bucket)
            source = {"Bucket": "answers", "Key": key, "VersionId": version}
            s3("CopyObject", Key="copy", CopySource=source, ChecksumAlgorithm=algorithm, **bucket)
            upload = {"Key": "parts", **bucket}
            upload["UploadId"] = s3("CreateMultipartUpload", ChecksumAlgorithm=algorithm, **upload)["UploadId"]
            s3("UploadPart", PartNumber=1, Body=b"x" * 5242880, ChecksumAlgorithm=algorithm, **upload)
            s3("UploadPartCopy", PartNumber=2, CopySource=source, **upload)
            listed = s3("ListParts", MaxParts=1, **upload)["Parts"] + s3("ListParts", PartNumberMarker=1, **upload)["Parts"]
            fields = ("PartNumber", "ETag", "Checksum" + algorithm)
            parts = [{field: part[field] for field in fields} for part in listed]
            for listing in ({"MaxUploads": 1, "Prefix": "parts"}, {"Delimiter": "a", "EncodingType": "url"}):
                s3("ListMultipartUploads", **listing, **bucket)
            s3("CompleteMultipartUpload", MultipartUpload={"Parts": parts}, **upload)
            s3("GetObjectAttributes", Key="parts", ObjectAttributes=attributes, **bucket)
            for operation in ("GetObject", "HeadObject"):
                s3(operation, Key="parts", PartNumber=1, ChecksumMode="ENABLED", **bucket)
    s3("CreateMultipartUpload", Key="c/d", **bucket)
    s3("ListMultipartUploads", Delimiter="/", MaxUploads=1, KeyMarker="a", UploadIdMarker="b", **bucket)
    for token in ("GetObjectTagging", "DeleteObjectTagging"):
        s3(token, Key="a", **bucket)
    s3("PutObjectTagging", Key="a", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}, **bucket)
    s3("GetObjectTagging", Key="a", **bucket)
    page = {"Delimiter": "/", "EncodingType": "url", **bucket}
    s3("ListObjects", MaxKeys=2, Marker="A", **page)
    s3("ListObjects", Prefix="c", **page)
    first = s3("ListObjectsV2", MaxKeys=2, StartAfter="A", FetchOwner=True, **page)
    s3("ListObjectsV2", ContinuationToken=first["NextContinuationToken"], **page)
    s3("DeleteObject", Key="a", **bucket)
    s3("ListObjectVersions", MaxKeys=2, KeyMarker="Z", VersionIdMarker="x", **page)
    s3("ListObjectVersions", Prefix="c", **page)
    doomed = [{"Key": "b"}, {"Key": "c/d", "VersionId": version}, {"Key": "parts", "VersionId": "null", "ETag": "other"}]
    s3("DeleteObjects", Delete={"Objects": doomed}, **bucket)
    wrong = [{"Key": "a", "VersionId": "x"}]  # there is none without versioning
    s3("DeleteObjects", Bucket="answers-2", Delete={"Objects": wrong})
    s3("AbortMultipartUpload", **{**upload, "UploadId": s3("CreateMultipartUpload", Key="parts", **bucket)["UploadId"]})
    s3("DeletePublicAccessBlock", **bucket)
    refused(s3, "DeleteBucket", **bucket)  # it is not empty


def provisioning(iot):
    body = json.dumps(
        {
            "Parameters": {"Serial": {"Type": "String"}},
            "Resources": {
                "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "Serial"}}},
                "certificate": {
                    "Type": "AWS::IoT::Certificate",
                    "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}},
                },
            },
        }
    )
    role = "arn:aws:iam::000000000000:role/provisioning"
    about = {"description": "d", "enabled": True, "provisioningRoleArn": role}
    name = {"templateName": "fleet"}
    iot("CreateProvisioningTemplate", templateBody=body, **name, **about)
    iot("CreateProvisioningTemplate", templateName="second", templateBody=body, **about)
    iot("DescribeProvisioningTemplate", **name)
    iot("ListProvisioningTemplates", maxResults=1)
    iot("CreateProvisioningTemplateVersion", templateBody=body, **name)
    iot("DescribeProvisioningTemplateVersion", versionId=1, **name)
    iot("ListProvisioningTemplateVersions", maxResults=1, **name)
    iot("UpdateProvisioningTemplate", description="e", **name)
    iot("CreateProvisioningClaim", **name)
    iot("DeleteProvisioningTemplateVersion", versionId=2, **name)
    iot("DeleteProvisioningTemplate", **name)


def shadows(data):
    def document(answer):
        return json.loads(answer["payload"].read())

    for name in ({}, {"shadowName": "a"}, {"shadowName": "b"}):
        payload = json.dumps({"state": {"desired": {"v": 2, "x": [1]}, "reported": {"v": 1}}, "clientToken": "t"})
        updated = document(data("UpdateThingShadow", thingName="t1", payload=payload, **name))
        assert updated["version"] == 1 and updated["clientToken"] == "t", updated
        assert document(data("GetThingShadow", thingName="t1", **name))["state"]["delta"] == {"v": 2, "x": [1]}
    stale = json.dumps({"state": {}, "version": 7})
    for call, code, message in (
        (lambda: data("UpdateThingShadow", thingName="t1", payload=stale), "ConflictException", "Version conflict"),
        (lambda: data("UpdateThingShadow", thingName="t1", payload="{"), "InvalidRequestException", "Invalid JSON"),
        (
            lambda: data("GetThingShadow", thingName="t1", shadowName="none"),
            "ResourceNotFoundException",
            "No shadow exists with name: 't1~none'",
        ),
    ):
        try:
            call()
            raise AssertionError(f"{code} was expected")
        except ClientError as error:
            assert error.response["Error"] == {"Code": code, "Message": message}, error.response
    first = data("ListNamedShadowsForThing", thingName="t1", pageSize=1)
    rest = data("ListNamedShadowsForThing", thingName="t1", nextToken=first["nextToken"])
    assert first["results"] + rest["results"] == ["a", "b"], (first, rest)
    assert document(data("DeleteThingShadow", thingName="t1", shadowName="a"))["version"] == 1
    assert data("ListNamedShadowsForThing", thingName="t1")["results"] == ["b"]


def messages(data):
    retained = {"qos": 1, "retain": True, "payload": b"x"}
    more = {"contentType": "text/plain", "correlationData": "AQI=", "messageExpiry": 60, "userProperties": '[{"k":"v"}]'}
    for topic in ("a/b", "c"):
        data("Publish", topic=topic, **retained, **more)
    data("Publish", topic="d")
    kept = data("GetRetainedMessage", topic="a/b")
    assert kept["payload"] == b"x" and json.loads(kept.get("userProperties", '[{"k":"v"}]')) == [{"k": "v"}], kept
    first = data("ListRetainedMessages", maxResults=1)
    rest = data("ListRetainedMessages", nextToken=first["nextToken"])
    topics = [each["topic"] for each in first["retainedTopics"] + rest["retainedTopics"]]
    assert topics == ["a/b", "c"], topics


def packages(iot, data, shadow_data, s3, thing_arn):
    role = "arn:aws:iam::000000000000:role/reader"
    s3("CreateBucket", Bucket="artifacts")
    s3("PutBucketVersioning", Bucket="artifacts", VersioningConfiguration={"Status": "Enabled"})
    stored = s3("PutObject", Bucket="artifacts", Key="a", Body=b"0123456789")
    location = {"bucket": "artifacts", "key": "a", "version": stored["VersionId"]}
    for name in ("firmware", "second"):
        iot("CreatePackage", packageName=name, description="d", tags={"a": "b"})
    content = {"description": "d", "attributes": {"a": "b"}, "artifact": {"s3Location": location}, "recipe": "{}"}
    for name in ("1.0.0", "1.1.0"):
        version = iot("CreatePackageVersion", packageName="firmware", versionName=name, tags={"a": "b"}, **content)
    number = {"packageName": "firmware", "versionName": "1.1.0"}
    iot("UpdatePackageVersion", action="PUBLISH", **number)
    iot("GetPackageVersion", **number)
    iot("ListPackageVersions", packageName="firmware", maxResults=1)
    iot("UpdatePackage", packageName="firmware", defaultVersionName="1.1.0")
    iot("GetPackage", packageName="firmware")
    iot("ListPackages", maxResults=1)
    iot("UpdatePackageConfiguration", versionUpdateByJobsConfig={"enabled": True, "roleArn": role})
    iot("GetPackageConfiguration")
    arns = [version["packageVersionArn"]]
    document = json.dumps(
        {
            "a": "${aws:iot:package::version::attributes:a}",
            "url": "${aws:iot:package:firmware:version:1.1.0:artifact:s3-presigned-url}",
        }
    )
    about = {"document": document, "destinationPackageVersions": arns}
    iot("CreateJobTemplate", jobTemplateId="packages", description="d", **about)
    iot("DescribeJobTemplate", jobTemplateId="packages")
    iot("CreateJob", jobId="packages", targets=[thing_arn], presignedUrlConfig={"roleArn": role}, **about)
    job = iot("DescribeJob", jobId="packages")["job"]
    assert job["destinationPackageVersions"] == arns, job
    data("UpdateJobExecution", thingName="t2", jobId="packages", status="SUCCEEDED")
    shadow = shadow_data("GetThingShadow", thingName="t2", shadowName="$package")
    state = json.loads(shadow["payload"].read())["state"]
    assert state == {"reported": {"firmware": {"version": "1.1.0"}}}, state
    for refusal, operation, parameters in (
        ("ConflictException", "CreatePackage", {"packageName": "firmware"}),
        ("ResourceNotFoundException", "GetPackage", {"packageName": "none"}),
        ("ValidationException", "DeletePackage", {"packageName": "firmware"}),
    ):
        try:
            iot(operation, **parameters)
            raise AssertionError(f"{refusal} was expected")
        except ClientError as error:
            assert error.response["Error"]["Code"] == refusal, error.response
    iot("DeletePackageVersion", packageName="firmware", versionName="1.0.0")
    iot("DeletePackage", packageName="second")


def rest(iot):
    iot("DescribeEndpoint", endpointType="iot:Data-ATS")
    iot("UpdateEventConfigurations", eventConfigurations={"JOB": {"Enabled": True}})
    iot("DescribeEventConfigurations")
    iot("DeleteDynamicThingGroup", thingGroupName="d")
    iot("DeleteThingGroup", thingGroupName="g")
    iot("DeleteThing", thingName="t2")


def refused(service, operation, **parameters):
    try:
        service(operation, **parameters)
    except ClientError:
        service.seen.setdefault(operation, set())


iot, data, s3 = Service("iot"), Service("iot-jobs-data"), Service("s3")
shadow_data = Service("iot-data")
thing_arn = things(iot)
group_arn = groups(iot)
index(iot, shadow_data)
certificates(iot)
jobs(iot, data, thing_arn, group_arn)
provisioning(iot)
shadows(shadow_data)
messages(shadow_data)
packages(iot, data, shadow_data, s3, thing_arn)
rest(iot)
objects(s3)
print(
    json.dumps(
        {
            "absent": {"iot": iot.absent(), "iot-data": shadow_data.absent(), "iot-jobs-data": data.absent(), "s3": s3.absent()},
            "untested": iot.answered_untested() + shadow_data.answered_untested() + data.answered_untested() + s3.answered_untested(),
        },
        indent=1,
    )
)
