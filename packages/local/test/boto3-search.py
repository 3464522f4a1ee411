"""Searches a fleet by its shadows with boto3, and prints what it found as JSON. Argument: endpoint."""

import json
import sys

import boto3
from botocore.exceptions import ClientError

PAIR = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
iot, data = (
    boto3.client(name, endpoint_url=sys.argv[1], region_name="us-east-1", **PAIR) for name in ("iot", "iot-data")
)
found = {}


def refusal(operation, **parameters):
    try:
        operation(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def names(query):
    return [thing["thingName"] for thing in iot.search_index(queryString=query)["things"]]


found["default"] = iot.get_indexing_configuration()["thingIndexingConfiguration"]["namedShadowIndexingMode"]
iot.update_indexing_configuration(
    thingIndexingConfiguration={
        "thingIndexingMode": "REGISTRY",
        "namedShadowIndexingMode": "ON",
        "filter": {"namedShadowNames": ["fota"]},
        "customFields": [{"name": "shadow.name.fota.reported.version", "type": "String"}],
    }
)
for index in range(5):
    name = f"pump-{index}"
    iot.create_thing(thingName=name)
    state = {"reported": {"version": "2.0" if index < 2 else "1.0", "slot": index}}
    data.update_thing_shadow(thingName=name, shadowName="fota", payload=json.dumps({"state": state}))

found["below"] = names("shadow.name.fota.reported.version:1.0 AND shadow.name.fota.reported.slot<4")
thing = iot.search_index(queryString="thingName:pump-0")["things"][0]
found["members"] = sorted(thing)
found["shadow"] = json.loads(thing["shadow"])["name"]["fota"]["reported"]

pages, token = [], None
while True:
    more = {"nextToken": token} if token else {}
    page = iot.search_index(queryString="thingName:pump-*", maxResults=2, **more)
    pages.append(len(page["things"]))
    token = page.get("nextToken")
    if token is None:
        break
found["pages"] = pages

buckets = iot.get_buckets_aggregation(
    queryString="*",
    aggregationField="shadow.name.fota.reported.version",
    bucketsAggregationType={"termsAggregation": {"maxBuckets": 10}},
)
found["buckets"] = [buckets["totalCount"], *([each["keyValue"], each["count"]] for each in buckets["buckets"])]

below = {"thingGroupName": "below", "queryString": "shadow.name.fota.reported.version:1.*"}
iot.create_dynamic_thing_group(**below)
found["group"] = iot.list_things_in_thing_group(thingGroupName="below")["things"]
found["refusals"] = [
    refusal(iot.search_index, queryString="shadow.name.fota.reported.version:"),
    refusal(iot.search_index, queryString="shadow.reported.version:1"),
    refusal(iot.search_index, queryString="*", indexName="AWS_ThingGroups"),
    refusal(iot.search_index, queryString="*", nextToken="bogus"),
    refusal(iot.get_percentiles, queryString="*", aggregationField="shadow.name.fota.reported.version"),
    refusal(iot.get_statistics, queryString="*", aggregationField="shadow.name.fota.reported.slot"),
    refusal(iot.list_fleet_metrics),
]
print(json.dumps(found))
