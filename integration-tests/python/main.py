"""CloudEvents by the official SDK and each broker's own client, for Wingman's tests.

  main.py cases                             the names of the events, one a line
  main.py table                             the events in structured mode, one a line
  main.py judge                             compare with the table what `wingman consume` printed
  main.py send BROKER MODE URL TOPIC        send the table
  main.py listen BROKER MODE URL TOPIC      say `ready`, then compare with the table what comes

`judge` and `listen` print a line for each event: {"case": NAME, "faults": [TEXT, …]}.
"""

import importlib
import sys
import time

from events import EVENTS, FORMAT, Strict, Verdicts

# How long what was published may take to come.
PATIENCE_SECONDS = 60


def client(broker: str):
    """The module of a broker: the clients of the others are not loaded."""
    return importlib.import_module(f"by_{broker.replace('-', '_')}")


def judge() -> None:
    verdicts = Verdicts()
    for line in sys.stdin.buffer:
        verdicts.came(lambda: FORMAT.read(Strict, line))
    verdicts.report()


def listen(broker: str, mode: str, url: str, topic: str) -> None:
    verdicts = Verdicts()
    deadline = time.monotonic() + PATIENCE_SECONDS
    messages = client(broker).listen(url, topic, mode)
    next(messages)
    print("ready", flush=True)
    for message in messages:
        # Nothing came for a moment.
        if message is not None:
            verdicts.came(*message)
        if verdicts.complete() or time.monotonic() > deadline:
            break
    messages.close()
    verdicts.report()


def main(words: list[str]) -> None:
    match words:
        case ["cases"]:
            print(*EVENTS, sep="\n")
        case ["table"]:
            for event in EVENTS.values():
                print(FORMAT.write(event).decode())
        case ["judge"]:
            judge()
        case ["send", broker, mode, url, topic]:
            client(broker).send(url, topic, mode, EVENTS.values())
        case ["listen", broker, mode, url, topic]:
            listen(broker, mode, url, topic)
        case _:
            sys.exit(__doc__)


main(sys.argv[1:])
