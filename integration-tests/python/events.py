"""The events that go both ways, and how one that came is compared with the one that was meant."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

FORMAT = JSONFormat()
REQUIRED = ("specversion", "id", "source", "type")
TWENTY = "abcdefghij0123456789"
UNICODE = 'Käse & "Brot" 50%20 日本 e\u0301 🧭'
MOMENT = datetime(2026, 11, 24, 10, 0, 0, 123456, timezone(timedelta(hours=2)))
# A time in AMQP has no more than milliseconds.
MILLIS = datetime(2026, 11, 24, 8, 0, 0, 123000, timezone.utc)


class Strict(CloudEvent):
    """An event with these attributes and no others: the SDK makes up an id and a time where there is none."""

    def __init__(self, attributes: dict[str, Any], data: Any = None) -> None:
        missing = [name for name in REQUIRED if name not in attributes]
        if missing:
            raise ValueError(f"{', '.join(missing)} missing among {sorted(attributes)}")
        has_time = "time" in attributes
        super().__init__(attributes, data)
        if not has_time:
            del attributes["time"]


def event(case: str, data: Any = None, media: str | None = None, **more: Any) -> CloudEvent:
    attributes = {"specversion": "1.0", "id": case, "source": "/python", "type": "shop.order.placed"}
    if media is not None:
        attributes["datacontenttype"] = media
    return Strict(attributes | more, data)


EVENTS = {
    "minimal": event("minimal"),
    "every-attribute": event(
        "every-attribute",
        {"total": 7},
        "application/json",
        subject="order/7",
        time=MILLIS,
        dataschema="https://example.org/order.json?v=1#top",
    ),
    "time-with-offset": event("time-with-offset", time=MOMENT.replace(microsecond=0)),
    "unicode": event(
        f"id {UNICODE}", source=f"/Käse/{UNICODE}", type=f"typ.{UNICODE}", subject=UNICODE, note=UNICODE
    ),
    "extension-of-20-characters": event("extension-of-20-characters", **{TWENTY: "value"}),
    "extension-that-is-a-number": event("extension-that-is-a-number", count=42, below=-1),
    "key": event("key", {"a": 1}, "application/json", partitionkey="customer-7"),
    "key-in-unicode": event("key-in-unicode", {"a": 1}, "application/json", partitionkey=UNICODE),
    "json": event("json", {"ü": [1, 2.5, True, None, "\u2028\0"], "big": 2**53 + 1}, "application/json"),
    "json-by-default": event("json-by-default", {"a": {"b": []}}),
    "json-by-suffix": event("json-by-suffix", {"a": 1}, "application/vnd.shop+json; charset=utf-8"),
    "json-text": event("json-text", b'"text"', "application/json"),
    "json-on-lines": event("json-on-lines", b'{\r\n  "a": 1.0e3,\n  "b": [ ]\r\n}', "application/json"),
    "json-that-is-none": event("json-that-is-none", b'{"a":', "application/json"),
    "text": event("text", UNICODE, "text/plain; charset=utf-8"),
    "text-on-lines": event("text-on-lines", ' "one"\r\n\ttwo\n', "text/plain"),
    "text-like-json": event("text-like-json", '{"a": 1}', "text/plain"),
    "text-in-xml": event("text-in-xml", '<order id="ü"/>', "application/xml"),
    "bytes": event("bytes", bytes(range(256)), "application/octet-stream"),
    "bytes-like-text": event("bytes-like-text", b"plain\r\n", "application/octet-stream"),
    "bytes-without-type": event("bytes-without-type", b"\xff\x00\xfe"),
    "bytes-in-plenty": event("bytes-in-plenty", bytes(range(256)) * 400, "application/octet-stream"),
    "empty": event("empty", media="application/json"),
    "empty-text": event("empty-text", "", "text/plain"),
}
# How to read what came, and the bytes of its data where they were on the wire.
Came = tuple[Callable[[], CloudEvent], bytes | None]
STRANGE_MAX = 3
BY_ID = {event.get_id(): case for case, event in EVENTS.items()}


def payload(event: CloudEvent) -> bytes:
    """The data of an event as the bytes that it is in binary mode."""
    return FORMAT.write_data(event.get_data(), event.get_datacontenttype())


def check_media(media: str) -> None:
    """In structured mode the content type says so."""
    if media.split(";")[0] != FORMAT.get_content_type():
        raise ValueError(f"content-type: expected {FORMAT.get_content_type()}, got {media!r}")


class Verdicts:
    """What is wrong with each event of the table, once those that came are there."""

    def __init__(self) -> None:
        self.faults: dict[str, list[str] | None] = dict.fromkeys(EVENTS)
        self.strange: list[str] = []

    def came(self, read: Callable[[], CloudEvent], body: bytes | None = None) -> None:
        try:
            got = read()
        except Exception as error:  # noqa: BLE001: whatever the SDK does not take is a finding
            self.strange.append(f"{type(error).__name__}: {error}")
            return
        case = BY_ID.get(got.get_id())
        if case is None:
            self.strange.append(shown(got.get_attributes()))
        else:
            self.faults[case] = (self.faults[case] or []) + differences(EVENTS[case], got, body)

    def complete(self) -> bool:
        return None not in self.faults.values()

    def report(self) -> None:
        for case, faults in self.faults.items():
            if faults is None:
                faults = ["it never came", *(f"but this: {what}" for what in self.strange[:STRANGE_MAX])]
            print(json.dumps({"case": case, "faults": faults}, ensure_ascii=False))


def differences(expected: CloudEvent, got: CloudEvent, body: bytes | None) -> list[str]:
    faults = []
    wanted, seen = expected.get_attributes(), got.get_attributes()
    for name in sorted(wanted.keys() | seen.keys()):
        want, have = canonical(wanted.get(name)), canonical(seen.get(name))
        if want != have:
            faults.append(f"{name}: expected {want!r}, got {have!r}")
    want = payload(expected)
    if body is not None and body != want:
        faults.append(f"data: expected {shown(want)}, got {shown(body)}")
    elif not is_same_data(want, got):
        faults.append(f"data: expected {shown(want)}, got {shown(got.get_data())}")
    return faults


def is_same_data(want: bytes, got: CloudEvent) -> bool:
    data = got.get_data()
    if data is None or isinstance(data, bytes):
        return (data or b"") == want
    if isinstance(data, str) and data.encode() == want:
        return True
    # A value of JSON has no bytes of its own.
    try:
        return json.loads(want) == data
    except ValueError:
        return False


def canonical(value: Any) -> Any:
    """Binary mode has strings only; a time is a moment, however it is written."""
    return value if value is None or isinstance(value, datetime) else str(value)


def shown(data: Any) -> str:
    text = repr(data)
    return text if len(text) <= 500 else f"{text[:500]}… ({len(text)} characters)"
