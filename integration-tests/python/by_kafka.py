"""Kafka by confluent-kafka, with the SDK's binding."""

from urllib.parse import urlsplit

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from headers import came, written


def send(url, topic, mode, events):
    refused = []
    producer = Producer({"bootstrap.servers": urlsplit(url).netloc, "acks": "all"})
    for event in events:
        message = written(event, mode)
        producer.produce(
            topic,
            value=message.value,
            key=message.key,
            headers=list(message.headers.items()),
            on_delivery=lambda error, _: refused.append(error) if error else None,
        )
    if producer.flush(30) or refused:
        raise SystemExit(f"Kafka did not take everything: {refused}")


def listen(url, topic, mode):
    place = urlsplit(url).netloc
    consumer = Consumer({"bootstrap.servers": place, "group.id": "python", "enable.auto.commit": False})
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
    yield None
    try:
        while True:
            record = consumer.poll(0.2)
            if record is not None and record.error():
                raise SystemExit(f"Kafka: {record.error()}")
            yield None if record is None else read(record, mode)
    finally:
        consumer.close()


def read(record, mode):
    return came(mode, dict(record.headers() or []), record.key(), record.value() or b"")
