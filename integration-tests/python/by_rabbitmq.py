"""RabbitMQ by pika, with the SDK's bindings of AMQP and of RabbitMQ (`knative`)."""

from urllib.parse import urlsplit

import pika
from cloudevents.core.bindings import amqp, rabbitmq

from events import FORMAT, Strict, check_media


def connect(url: str) -> pika.BlockingConnection:
    place = urlsplit(url)
    return pika.BlockingConnection(pika.ConnectionParameters(host=place.hostname, port=place.port))


def send(url, topic, mode, events):
    connection = connect(url)
    channel = connection.channel()
    channel.confirm_delivery()
    for event in events:
        headers, media, body = written(event, mode)
        properties = pika.BasicProperties(headers=headers, content_type=media, delivery_mode=2)
        channel.basic_publish(topic, "", body, properties, mandatory=True)
    connection.close()


def written(event, mode):
    if mode == "knative":
        message = rabbitmq.to_binary(event, FORMAT)
        return message.headers, message.content_type, message.body
    to = {"binary": amqp.to_binary, "structured": amqp.to_structured}
    message = to[mode](event, FORMAT)
    return message.application_properties, message.properties.get("content-type"), message.application_data


def listen(url, topic, mode):
    connection = connect(url)
    channel = connection.channel()
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, topic, "#")
    yield None
    for method, properties, body in channel.consume(queue, auto_ack=True, inactivity_timeout=0.2):
        yield None if method is None else read(properties, body, mode)
    connection.close()


def read(properties, body, mode):
    media = {} if properties.content_type is None else {"content-type": properties.content_type}
    message = amqp.AMQPMessage(media, properties.headers or {}, body)
    if mode == "binary":
        return lambda: amqp.from_binary(message, FORMAT, Strict), body

    def structured():
        check_media(properties.content_type or "")
        return amqp.from_structured(message, FORMAT, Strict)

    return structured, None
