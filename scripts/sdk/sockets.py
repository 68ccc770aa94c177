"""The official SDK's data socket and order socket at the keeper, over a token's death and a login. Nothing of the SDK is
changed but its addresses.

    sockets.py http://127.0.0.1:8080 GATEWAY_KEY http://127.0.0.1:PORT/control

Prints a transcript of what the bot hears; exits 0 when all of it has come.
"""

import os
import re
import sys
import threading
import time

import requests
from fyers_apiv3 import fyersModel
from fyers_apiv3.FyersWebsocket import data_ws, order_ws

DEADLINE = 120
SBIN, NIFTY = "NSE:SBIN-EQ", "NSE:NIFTY50-INDEX"

heard, news, began = [], threading.Condition(), time.monotonic()


def note(who, message):
    with news:
        heard.append((who, message))
        news.notify_all()
    print(f"{time.monotonic() - began:7.2f} {who:6} {str(message)[:150]}", flush=True)


def wait(what, wish, since=0):
    end = time.monotonic() + DEADLINE
    with news:
        while True:
            for who, message in heard[since:]:
                if isinstance(message, dict) and wish(who, message):
                    return message
            if not news.wait(end - time.monotonic()) and time.monotonic() >= end:
                raise AssertionError(f"did not come: {what}")


def point_at(base):
    fyersModel.Config.API, fyersModel.Config.DATA_API = f"{base}/api/v3", f"{base}/data"
    conversion = data_ws.SymbolConversion
    # The list of index names is on another host; the SDK falls back to its own.
    conversion._index_hsm_mapping_cache = {}
    original = conversion.__init__

    def patched(self, *args, **kwargs):
        original(self, *args, **kwargs)
        self.symbols_token_api = f"{base}/data/symbol-token"

    conversion.__init__ = patched


def data_socket(base, key):
    socket = data_ws.FyersDataSocket(
        access_token=key, log_path=".", litemode=False, reconnect=True,
        on_connect=lambda: None, on_message=lambda message: note("data", message),
        on_error=lambda message: note("data!", message), on_close=lambda message: note("data-", message),
    )
    socket._FyersDataSocket__url = base.replace("http", "ws") + "/hsm/v1-5/prod"
    socket.connect()
    socket.subscribe(symbols=[SBIN, NIFTY], data_type="SymbolUpdate")
    return socket


def order_socket(base, key):
    socket = order_ws.FyersOrderSocket(
        access_token=key, log_path=".", write_to_file=False, reconnect=True,
        on_connect=lambda: None, on_orders=lambda message: note("orders", message),
        on_trades=lambda message: note("trades", message), on_positions=lambda message: note("pos", message),
        on_general=lambda message: note("gen", message), on_error=lambda message: note("order!", message),
        on_close=lambda message: note("order-", message),
    )
    socket._FyersOrderSocket__url = base.replace("http", "ws") + "/trade/v3"
    socket.connect()
    socket.subscribe(data_type="OnOrders,OnTrades,OnPositions")
    return socket


def log_in(base):
    """What the person does, in another window."""
    page = requests.get(f"{base}/fyers/login", timeout=20)
    fields = {name: re.search(rf'name="{name}" value="([^"]*)"', page.text).group(1) for name in ("auth_code", "state")}
    done = requests.post(f"{base}/fyers/callback", data=fields, timeout=60)
    assert "Logged in" in done.text, done.text


def order(symbol):
    return {
        "symbol": symbol, "qty": 1, "type": 2, "side": 1, "productType": "CNC", "limitPrice": 0, "stopPrice": 0,
        "validity": "DAY", "disclosedQty": 0, "offlineOrder": False,
    }


def main(base, key, control):
    def tell(path, body):
        answer = requests.post(f"{control}/{path}", json=body, timeout=20)
        assert answer.ok, answer.text

    def said(text):
        note("---", text)

    # Whoever is logged in at FYERS already is sent on without its pages.
    tell("login/settings", {"instant": True})
    tell("redirect", {"uri": f"{base}/fyers/callback"})
    point_at(base)
    fyers = fyersModel.FyersModel(token=key, client_id="ABCD1234EF-100", log_path=".")

    said("with a token")
    data_socket(base, f"ABCD1234EF-100:{key}")
    order_socket(base, f"ABCD1234EF-100:{key}")
    wait("the key was taken", lambda who, m: who == "data" and m.get("code") == 200 and m.get("type") == "cn")
    wait("an index", lambda who, m: m.get("symbol") == NIFTY and m.get("type") == "if")
    wait("a share", lambda who, m: m.get("symbol") == SBIN and m.get("type") == "sf")
    wait("order updates", lambda who, m: m.get("code") == 1605)
    tell("prices", {"symbol": SBIN, "price": 807.35})
    wait("a tick", lambda who, m: m.get("symbol") == SBIN and m.get("ltp") == 807.35)
    placed = fyers.place_order(order(SBIN))
    assert placed["s"] == "ok", placed
    wait("the order", lambda who, m: who == "orders" and m["orders"]["id"] == placed["id"] and m["orders"]["status"] == 2)
    wait("the trade", lambda who, m: who == "trades" and m["trades"]["orderNumber"] == placed["id"])
    wait("the position", lambda who, m: who == "pos" and m["positions"]["symbol"] == SBIN)

    said("the token dies")
    since = len(heard)
    tell("tokens/kill", {"kind": "access"})
    assert fyers.funds()["s"] == "ok"
    wait("a price without a token", lambda who, m: m.get("symbol") == SBIN and "ltp" in m, since)
    simulated = fyers.place_order(order("NSE:INFY-EQ"))
    assert simulated["id"].startswith("MOCK"), simulated
    wait("the simulated order", lambda who, m: who == "orders" and m["orders"]["id"] == simulated["id"] and m["orders"]["status"] == 2, since)

    said("a person logs in")
    since = len(heard)
    log_in(base)
    end = time.monotonic() + DEADLINE
    price = 811.0
    while not any(m.get("ltp") == price for who, m in heard[since:] if isinstance(m, dict)):
        assert time.monotonic() < end, "no price of FYERS came after the login"
        price = 811.0 if price != 811.0 else 812.0
        tell("prices", {"symbol": SBIN, "price": price})
        with news:
            news.wait(2)
    real = fyers.place_order(order(SBIN))
    wait("the real order", lambda who, m: who == "orders" and m["orders"]["id"] == real["id"], since)
    closed = [message for who, message in heard if who.endswith(("!", "-")) and who != "---"]
    assert not closed, closed
    said("neither socket was closed or had an error")
    print("sockets: good", flush=True)


if __name__ == "__main__":
    good = 1
    try:
        main(*sys.argv[1:4])
        good = 0
    except Exception as error:
        print(f"sockets: {error!r}", flush=True)
    finally:
        # The SDK's threads do not end by themselves.
        os._exit(good)
