"""Prices for bots as a Python platform does it, in its plainest form: one thread reads the broker's data socket and puts each
tick as JSON on a ZeroMQ bus; a WebSocket server takes them from the bus, reads the JSON, and writes it anew for each client
that follows the symbol. benchmarks.md compares the keeper with it.

    bus.py ws://127.0.0.1:9001 9003 2000
"""

import asyncio
import json
import struct
import sys
import threading

import websocket
import websockets
import zmq
import zmq.asyncio

ADDRESS = "tcp://127.0.0.1:%d"
ABSENT = -0x80000000
FIELDS = {0: "ltp", 1: "volume", 2: "traded_at", 6: "bid", 7: "ask"}


def field(number, content):
    return bytes([number]) + struct.pack(">H", len(content)) + content


def frame(kind, *contents):
    body = bytes([kind, len(contents)]) + b"".join(field(number + 1, content) for number, content in enumerate(contents))
    return struct.pack(">H", len(body)) + body


def adapter(source, symbols, port):
    """The broker's side: frames into ticks, ticks onto the bus."""
    bus = zmq.Context.instance().socket(zmq.PUB)
    bus.setsockopt(zmq.SNDHWM, 100_000)
    bus.bind(ADDRESS % port)
    broker = websocket.create_connection(source)
    broker.send_binary(frame(1, b"key", b"P", b"\x01", b"bus"))
    topics = [f"sf|nse_cm|{100_000 + number}".encode() for number in range(symbols)]
    wanted = struct.pack(">H", len(topics)) + b"".join(bytes([len(topic)]) + topic for topic in topics)
    broker.send_binary(frame(4, wanted, b"\x0b"))
    names, known = {}, {}
    while True:
        message = broker.recv()
        if message[2] != 6:
            continue
        at = 9
        for _ in range(struct.unpack_from(">H", message, 7)[0]):
            kind, topic = message[at], struct.unpack_from(">H", message, at + 1)[0]
            at += 3
            if kind == ord("S"):
                name = message[at + 1 : at + 1 + message[at]].decode()
                at += 1 + message[at]
                names[topic], known[topic] = f"NSE:S{int(name.rsplit('|', 1)[1]) - 100_000}-EQ", {}
            count = message[at]
            values = struct.unpack_from(f">{count}i", message, at + 1)
            at += 1 + 4 * count
            if kind == ord("S"):
                at += 5
                for _ in range(3):
                    at += 1 + message[at]
            tick = known[topic]
            for index, value in enumerate(values):
                if value != ABSENT and index in FIELDS:
                    tick[FIELDS[index]] = value / 100 if index in (0, 6, 7) else value
            symbol = names[topic]
            bus.send_multipart([symbol.encode(), json.dumps({"symbol": symbol, "mode": "quote", **tick}).encode()])


class Server:
    """The bots' side."""

    def __init__(self):
        self.followers = {}

    async def client(self, socket):
        try:
            async for text in socket:
                for symbol in json.loads(text)["symbols"]:
                    self.followers.setdefault(symbol, set()).add(socket)
        finally:
            for followers in self.followers.values():
                followers.discard(socket)

    async def forward(self, port):
        bus = zmq.asyncio.Context.instance().socket(zmq.SUB)
        bus.setsockopt(zmq.RCVHWM, 100_000)
        bus.connect(ADDRESS % port)
        bus.setsockopt(zmq.SUBSCRIBE, b"")
        while True:
            topic, text = await bus.recv_multipart()
            tick, followers = json.loads(text), self.followers.get(topic.decode(), ())
            sent = [socket.send(json.dumps({"type": "market_data", **tick})) for socket in followers]
            await asyncio.gather(*sent, return_exceptions=True)


async def main(source, port, symbols):
    threading.Thread(target=adapter, args=(source, symbols, port + 1), daemon=True).start()
    server = Server()
    async with websockets.serve(server.client, "127.0.0.1", port, compression=None, max_size=None, ping_interval=None):
        await server.forward(port + 1)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
