"""Bindings whose attributes are headers, as in the SDK's of Kafka."""

from cloudevents.core.bindings import kafka

from events import FORMAT, Came, Strict, check_media

TO = {"binary": kafka.to_binary, "structured": kafka.to_structured}


def written(event, mode: str) -> kafka.KafkaMessage:
    return TO[mode](event, FORMAT)


def came(mode: str, headers: dict[str, bytes], key: bytes | str | None, body: bytes) -> Came:
    message = kafka.KafkaMessage(headers, key, body)
    if mode == "binary":
        return lambda: kafka.from_binary(message, FORMAT, Strict), body

    def read():
        check_media(headers.get("content-type", b"").decode())
        return kafka.from_structured(message, FORMAT, Strict)

    return read, None
