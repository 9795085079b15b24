"""Redis Streams by redis-py. There is no binding: fields are named as the headers of Kafka's."""

from urllib.parse import urlsplit

import redis

from headers import came, written


def connect(url: str) -> redis.Redis:
    place = urlsplit(url)
    return redis.Redis(host=place.hostname, port=place.port)


def send(url, topic, mode, events):
    server = connect(url)
    for event in events:
        message = written(event, mode)
        key = {} if message.key is None else {"key": message.key}
        server.xadd(topic, {**message.headers, **key, "data": message.value})


def listen(url, topic, mode):
    server, last = connect(url), "0"
    yield None
    while True:
        for _, entries in server.xread({topic: last}, block=200):
            for last, fields in entries:
                yield read(fields, mode)
        yield None


def read(fields: dict[bytes, bytes], mode: str):
    headers = {name.decode(): value for name, value in fields.items()}
    body, key = headers.pop("data"), headers.pop("key", None)
    return came(mode, headers, key, body)
