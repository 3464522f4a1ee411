"""S3 as boto3 drives it: prints what it saw as JSON. Arguments: endpoint, a file to upload in parts."""

import hashlib
import json
import sys
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, path = sys.argv[1:]


def client(**config):
    pair = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=Config(**config), **pair)


def fetch(url, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return [answer.status, answer.read().decode()]
    except urllib.error.HTTPError as error:
        return [error.code, error.read().decode()]


def code(call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]


s3 = client(signature_version="s3v4")
bucket = {"Bucket": "firmware"}
seen = {}
s3.create_bucket(**bucket)
s3.put_bucket_versioning(VersioningConfiguration={"Status": "Enabled"}, **bucket)

first = s3.put_object(Key="a b+ü.bin", Body=b"one", Metadata={"version": "1.0"}, Tagging="stage=beta", **bucket)
s3.put_object(Key="a b+ü.bin", Body=b"two", **bucket)
old = s3.get_object(Key="a b+ü.bin", VersionId=first["VersionId"], **bucket)
seen["old"] = [old["Body"].read().decode(), old["Metadata"], old["TagCount"]]
seen["part"] = s3.get_object(Key="a b+ü.bin", Range="bytes=1-", **bucket)["Body"].read().decode()
s3.delete_object(Key="a b+ü.bin", **bucket)
seen["deleted"] = code(s3.get_object, Key="a b+ü.bin", **bucket)
versions = s3.list_object_versions(**bucket)
seen["versions"] = [len(versions["Versions"]), len(versions["DeleteMarkers"])]

s3.upload_file(path, "firmware", "large.bin")
s3.download_file("firmware", "large.bin", path + ".back")
seen["digests"] = [hashlib.sha256(open(name, "rb").read()).hexdigest() for name in (path, path + ".back")]
seen["etag"] = s3.head_object(Key="large.bin", **bucket)["ETag"]

url = s3.generate_presigned_url("get_object", Params={"Key": "a b+ü.bin", "VersionId": first["VersionId"], **bucket})
seen["presigned"] = fetch(url, Range="bytes=0-1")
seen["altered"] = fetch(url.replace("firmware", "firmvare"))[0]
v2 = client(signature_version="s3").generate_presigned_url("get_object", Params={"Key": "large.bin", **bucket})
seen["v2"] = fetch(v2)
seen["condition"] = code(s3.get_object, Key="large.bin", IfMatch='"0"', **bucket)
seen["range"] = code(s3.get_object, Key="large.bin", Range="bytes=99999999-", **bucket)
seen["unsupported"] = code(s3.get_bucket_acl, **bucket)

everything = s3.list_object_versions(**bucket)
doomed = everything["Versions"] + everything["DeleteMarkers"]
s3.delete_objects(Delete={"Objects": [{"Key": v["Key"], "VersionId": v["VersionId"]} for v in doomed]}, **bucket)
s3.delete_bucket(**bucket)
seen["buckets"] = s3.list_buckets()["Buckets"]
print(json.dumps(seen))
