"""The three bots as processes, and what they have heard."""

import json
import os
import subprocess
import threading
import time


class Bot:
    """One process and its messages. `orders` and `trades` count what was told: (id, status) and id."""

    def __init__(self, name, command, env, folder):
        self.name, self.lock = name, threading.Lock()
        self.orders, self.trades, self.ticks, self.heard = {}, {}, {}, 0
        os.makedirs(folder, exist_ok=True)
        self.log = open(os.path.join(folder, "errors"), "wb")
        self.process = subprocess.Popen(command, env=env, cwd=folder, stdout=subprocess.PIPE, stderr=self.log, text=True)
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            try:
                _, socket, message = json.loads(line)
            except ValueError:
                continue
            with self.lock:
                self.heard += 1
                self.note(socket, message)

    def note(self, socket, message):
        if not isinstance(message, dict):
            return
        if socket == "feed":
            kind = message.get("type")
            if kind == "order":
                self.count_order(message["order"]["id"], message.get("status"), message["order"].get("qty_filled"))
            elif kind == "trade":
                self.count_trade(message["trade"]["id"])
            elif kind == "tick":
                self.ticks[message["symbol"]] = message["ltp"]
        elif "orders" in message:
            order = message["orders"]
            names = {1: "cancelled", 2: "traded", 4: "transit", 5: "rejected", 6: "pending", 7: "expired"}
            self.count_order(order["id"], names.get(order.get("status")), order.get("filledQty"))
        elif "trades" in message:
            self.count_trade(message["trades"]["orderNumber"])
        elif "symbol" in message and "ltp" in message:
            self.ticks[message["symbol"]] = message["ltp"]

    def count_order(self, order, status, filled):
        key = (order, status, filled)
        self.orders[key] = self.orders.get(key, 0) + 1

    def count_trade(self, order):
        self.trades[order] = self.trades.get(order, 0) + 1

    def is_told(self, order, status):
        with self.lock:
            told = any(key[:2] == (order, status) for key in self.orders)
            return told and (status != "traded" or order in self.trades)

    def ltp(self, symbol):
        with self.lock:
            return self.ticks.get(symbol)

    def is_running(self):
        return self.process.poll() is None

    def end(self):
        self.process.kill()
        self.process.wait()


def wait(what, ask, limit):
    """Seconds until it has come about; None when it does not."""
    began = time.monotonic()
    while time.monotonic() - began < limit:
        if ask():
            return time.monotonic() - began
        time.sleep(0.02)
    if what:
        print(f"did not come about within {limit} s: {what}", flush=True)
    return None
