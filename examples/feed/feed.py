#!/usr/bin/env python3
"""Follows prices and orders at a keeper's /feed, and comes back after every end.

    pip install websocket-client
    KEEPER_KEY=$(cat state/gateway.key) ./feed.py ws://127.0.0.1:8080/feed NSE:SBIN-EQ NSE:NIFTY50-INDEX
"""

import json
import os
import sys
import time

import websocket


def opened(socket, symbols):
    socket.send(json.dumps({"type": "subscribe", "symbols": symbols, "kinds": ["quote"]}))
    socket.send(json.dumps({"type": "subscribe", "kinds": ["orders"]}))


def heard(_, text):
    message = json.loads(text)
    if message["type"] == "tick":
        print(f"{message['symbol']:24} {message['ltp']:>12} {message['origin']}", flush=True)
    elif message["type"] in ("hello", "mode"):
        print(f"orders go to: {message['mode']} ({message['reason']})", flush=True)
    else:
        print(text, flush=True)


def main():
    url, symbols = sys.argv[1], sys.argv[2:] or ["NSE:SBIN-EQ"]
    key = os.environ["KEEPER_KEY"]
    while True:
        socket = websocket.WebSocketApp(
            url,
            header=[f"Authorization: Bearer {key}"],
            on_open=lambda socket: opened(socket, symbols),
            on_message=heard,
            on_error=lambda _, error: print(f"error: {error}", file=sys.stderr),
        )
        if socket.run_forever():
            time.sleep(2)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
