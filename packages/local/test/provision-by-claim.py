"""A device that knows nothing of fota, written with Paho (Debian: python3-paho-mqtt). It gets its identity by fleet
provisioning by claim, as AWS's documentation describes it, and connects with the new certificate.

Usage: provision-by-claim.py PORT FOLDER TEMPLATE SERIAL [CSR]. FOLDER has ca.pem, claim.pem and claim.key. With the path
of a certificate signing request, FOLDER has its key as device.key; without one, AWS makes the key. Prints one JSON
object."""

import json
import queue
import sys

import paho.mqtt.client as mqtt

PORT, FOLDER, TEMPLATE, SERIAL, *CSR = sys.argv[1:]
CREATE = "$aws/certificates/" + ("create-from-csr" if CSR else "create") + "/json"
PROVISION = f"$aws/provisioning-templates/{TEMPLATE}/provision/json"
TIMEOUT_S = 100


class Device:
    """One MQTT connection, with everything that arrives in one queue."""

    def __init__(self, client_id, cert, key, protocol):
        self.arrived = queue.Queue()
        versions = getattr(mqtt, "CallbackAPIVersion", None)  # Paho 2 wants it, Paho 1 does not have it
        version = [versions.VERSION1] if versions else []
        self.client = mqtt.Client(*version, client_id=client_id, protocol=protocol)
        self.client.tls_set(ca_certs=f"{FOLDER}/ca.pem", certfile=cert, keyfile=key)
        self.client.on_connect = lambda _client, _data, _flags, reason, *_: self.arrived.put(("connected", str(reason)))
        self.client.on_subscribe = lambda *_: self.arrived.put(("subscribed", None))
        self.client.on_message = lambda _client, _data, message: self.arrived.put(
            (message.topic, json.loads(message.payload))
        )
        self.client.connect("localhost", int(PORT))
        self.client.loop_start()

    def next(self, *names):
        name, value = self.arrived.get(timeout=TIMEOUT_S)
        if name not in names:
            raise SystemExit(f"expected {names}, got {name}: {value}")
        return name, value

    def request(self, topic, payload):
        """Subscribes to both answers, publishes, and returns the answer that arrived."""
        answers = [f"{topic}/accepted", f"{topic}/rejected"]
        self.client.subscribe([(answer, 1) for answer in answers])
        self.next("subscribed")
        self.client.publish(topic, "" if payload is None else json.dumps(payload), qos=1)
        name, value = self.next(*answers)
        return name.rsplit("/", 1)[1], value

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def read(path):
    with open(path, encoding="utf8") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf8") as file:
        file.write(text)


# MQTT 5 with the device's own key, MQTT 3.1.1 without it: one run of each proves both.
protocol = mqtt.MQTTv5 if CSR else mqtt.MQTTv311
claim = Device(f"claim-{SERIAL}", f"{FOLDER}/claim.pem", f"{FOLDER}/claim.key", protocol)
claim.next("connected")
created = claim.request(CREATE, {"certificateSigningRequest": read(CSR[0])} if CSR else None)[1]
registration = {"certificateOwnershipToken": created["certificateOwnershipToken"]}
refused = claim.request(PROVISION, {**registration, "parameters": {}})
registered = claim.request(PROVISION, {**registration, "parameters": {"SerialNumber": SERIAL}})
claim.close()

write(f"{FOLDER}/device.pem", created["certificatePem"])
if not CSR:
    write(f"{FOLDER}/device.key", created["privateKey"])
thing_name = registered[1]["thingName"]
device = Device(thing_name, f"{FOLDER}/device.pem", f"{FOLDER}/device.key", protocol)
connected = device.next("connected")[1]
jobs = device.request(f"$aws/things/{thing_name}/jobs/get", {"clientToken": "one"})
device.close()
result = {"created": sorted(created), "refused": refused, "registered": registered, "connected": connected}
print(json.dumps({**result, "jobs": jobs}))
