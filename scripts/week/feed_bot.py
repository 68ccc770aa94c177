"""A bot at /feed that comes back two seconds after every end, as examples/feed/feed.py does. Each message goes out as one
line: seconds since 1970, socket, message."""

import json
import os
import sys
import time

import websocket


def say(socket, message):
    sys.stdout.write(json.dumps([time.time(), socket, message], default=str) + "\n")
    sys.stdout.flush()


def opened(socket):
    socket.send(json.dumps({"type": "subscribe", "symbols": sys.argv[1:], "kinds": ["quote"]}))
    socket.send(json.dumps({"type": "subscribe", "kinds": ["orders"]}))


def main():
    url = os.environ["KEEPER_URL"].replace("http", "ws", 1) + "/feed"
    while True:
        socket = websocket.WebSocketApp(
            url, header=[f"Authorization: Bearer {os.environ['KEEPER_KEY']}"], on_open=opened,
            on_message=lambda _, text: say("feed", json.loads(text)), on_error=lambda _, error: say("feed!", error),
            on_close=lambda *_: say("feed-", None),
        )
        socket.run_forever()
        time.sleep(2)


if __name__ == "__main__":
    main()
