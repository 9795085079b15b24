"""Pub/Sub by google-cloud-pubsub. The SDK has no binding of it: Google's is Kafka's, with `ce-` for `ce_`."""

from urllib.parse import parse_qs, urlsplit

import grpc
from google.api_core.exceptions import DeadlineExceeded
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient, types
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from headers import came, written


def channel(url: str) -> grpc.Channel:
    return grpc.insecure_channel(parse_qs(urlsplit(url).query)["emulator"][0])


def send(url, topic, mode, events):
    ordered = types.PublisherOptions(enable_message_ordering=True)
    client = PublisherClient(transport=PublisherGrpcTransport(channel=channel(url)), publisher_options=ordered)
    path = client.topic_path(urlsplit(url).hostname, topic)
    sent = []
    for event in events:
        message = written(event, mode)
        attributes = {renamed(name, "ce_", "ce-"): value.decode() for name, value in message.headers.items()}
        sent.append(client.publish(path, message.value, ordering_key=message.key or "", **attributes))
    for receipt in sent:
        receipt.result(timeout=30)


def listen(url, topic, mode):
    client = SubscriberClient(transport=SubscriberGrpcTransport(channel=channel(url)))
    project = urlsplit(url).hostname
    subscription = client.subscription_path(project, f"python-{topic}")
    client.create_subscription(name=subscription, topic=client.topic_path(project, topic))
    yield None
    try:
        while True:
            try:
                got = client.pull(subscription=subscription, max_messages=100, timeout=1).received_messages
            except DeadlineExceeded:
                got = []
            for one in got:
                yield read(one.message, mode)
            if got:
                client.acknowledge(subscription=subscription, ack_ids=[one.ack_id for one in got])
            yield None
    finally:
        client.delete_subscription(subscription=subscription)
        client.close()


def read(native, mode):
    headers = {renamed(name, "ce-", "ce_"): value.encode() for name, value in native.attributes.items()}
    return came(mode, headers, native.ordering_key or None, native.data)


def renamed(name: str, old: str, new: str) -> str:
    """The name with another prefix; one that has the new one already means nothing there."""
    if name.startswith(new):
        raise SystemExit(f"{name} is no attribute of this binding")
    return new + name.removeprefix(old) if name.startswith(old) else name
