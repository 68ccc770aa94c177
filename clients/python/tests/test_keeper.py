"""The SDK's REST client and both of its sockets at a real keeper, which stands before the simulator."""

import os
import queue
import socket
import time
import unittest
from unittest import mock

import fyers_keeper
from fyers_apiv3 import fyersModel
from fyers_apiv3.FyersWebsocket import data_ws, order_ws

from rig import DEADLINE, Rig, programs
from test_use import in_folder

SBIN, NIFTY = "NSE:SBIN-EQ", "NSE:NIFTY50-INDEX"
rig = None


def setUpModule():
    global rig
    if not all(programs()):
        raise unittest.SkipTest("FYERS_KEEPER_BINARY and SIMULATOR_BINARY are not set: see scripts/python-client")
    rig = Rig()
    unittest.addModuleCleanup(rig.stop)


def order():
    return {
        "symbol": SBIN, "qty": 1, "type": 2, "side": 1, "productType": "CNC", "limitPrice": 0, "stopPrice": 0,
        "validity": "DAY", "disclosedQty": 0, "offlineOrder": False,
    }


class AtTheKeeper(unittest.TestCase):
    def setUp(self):
        in_folder(self)
        self.keeper = fyers_keeper.use(rig.base)
        self.addCleanup(self.keeper.undo)
        self.heard = queue.Queue()
        self.hosts = set()
        original = socket.getaddrinfo

        def noted(host, *arguments, **named):
            self.hosts.add(host)
            return original(host, *arguments, **named)

        patch = mock.patch("socket.getaddrinfo", noted)
        patch.start()
        self.addCleanup(patch.stop)

    def tearDown(self):
        self.assertEqual(self.hosts, {"127.0.0.1"}, "the SDK spoke with somebody else")

    def model(self, key):
        return fyersModel.FyersModel(client_id="ANYBOT-100", token=key, is_async=False, log_path="")

    def hear(self, what, wish):
        """The first message that is as wished."""
        end, others = time.monotonic() + DEADLINE, []
        while time.monotonic() < end:
            try:
                message = self.heard.get(timeout=1)
            except queue.Empty:
                continue
            if isinstance(message, dict) and wish(message):
                return message
            others.append(message)
        raise AssertionError(f"did not come: {what}; came: {str(others)[:2000]}\n{rig.logs()}")

    def keys(self):
        """The keys a person may hold: the file, and the first key as a JWT."""
        yield "file", self.keeper.token(rig.key_file)
        shown = next(word for word in rig.command("key", "show").split() if word.count(".") == 2)
        yield "key show", self.keeper.token(shown)

    def test_rest(self):
        for name, key in self.keys():
            with self.subTest(key=name):
                fyers = self.model(key)
                self.assertEqual(fyers.get_profile()["s"], "ok")
                quotes = fyers.quotes({"symbols": SBIN})
                self.assertEqual((quotes["s"], quotes["d"][0]["n"]), ("ok", SBIN), quotes)
                placed = fyers.place_order(order())
                self.assertEqual(placed["s"], "ok", placed)
                self.assertIn(placed["id"], [row["id"] for row in fyers.orderbook()["orderBook"]])

    def test_a_wrong_key_is_refused_by_the_keeper(self):
        self.assertEqual(self.model(self.keeper.token("wrong-key")).get_profile()["code"], -16)

    def data_socket(self, key):
        feed = data_ws.FyersDataSocket(
            access_token=key, log_path=".", write_to_file=False, litemode=False, reconnect=False,
            on_connect=lambda: None, on_message=self.heard.put, on_error=self.heard.put, on_close=self.heard.put,
        )
        self.addCleanup(feed.close_connection)
        feed.connect()
        return feed

    def ticks(self, shown, price):
        feed = self.data_socket(shown)
        self.hear("the key was taken", lambda said: said.get("type") == "cn" and said.get("code") == 200)
        feed.subscribe(symbols=[SBIN, NIFTY], data_type="SymbolUpdate")
        waiting = {SBIN: "sf", NIFTY: "if"}
        while waiting:
            said = self.hear(f"{waiting}", lambda said: waiting.get(said.get("symbol"), "-") == said.get("type"))
            del waiting[said["symbol"]]
        rig.price(SBIN, price)
        self.hear("a tick", lambda said: said.get("symbol") == SBIN and said.get("ltp") == price)

    def test_data_socket_with_the_key_of_the_file(self):
        self.ticks(self.keeper.token(rig.key_file), 803.05)

    def test_data_socket_with_the_key_as_a_jwt_behind_an_app_id(self):
        *_, (_, key) = self.keys()
        self.ticks(f"ANYBOT-100:{key}", 804.05)

    def test_a_wrong_key_gets_no_data(self):
        self.data_socket("wrong-key")
        self.hear("a refusal", lambda said: said.get("s") == "error")

    def test_order_socket(self):
        key = self.keeper.token(str(rig.key_file))
        updates = order_ws.FyersOrderSocket(
            access_token=f"ANYBOT-100:{key}", log_path=os.getcwd(), write_to_file=False, reconnect=False,
            on_connect=lambda: None, on_orders=self.heard.put, on_trades=self.heard.put, on_positions=self.heard.put,
            on_general=self.heard.put, on_error=self.heard.put, on_close=self.heard.put,
        )
        self.addCleanup(updates.close_connection)
        updates.connect()
        # Without it the SDK cannot close: it joins the thread that this starts.
        updates.keep_running()
        updates.subscribe(data_type="OnOrders,OnTrades,OnPositions")
        self.hear("the subscription", lambda said: said.get("code") == 1605)
        placed = self.model(key).place_order(order())
        self.assertEqual(placed["s"], "ok", placed)
        self.hear("the order", lambda said: said.get("orders", {}).get("id") == placed["id"])
        self.hear("the trade", lambda said: said.get("trades", {}).get("orderNumber") == placed["id"])


if __name__ == "__main__":
    unittest.main()
