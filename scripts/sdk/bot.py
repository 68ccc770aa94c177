"""A small bot on the official SDK. In the middle of its day the token dies at FYERS, and later a person logs in. The
bot does not know: it has no line for either, and must not see an exception or a refusal.

    bot.py http://127.0.0.1:8080 GATEWAY_KEY http://127.0.0.1:PORT/control
"""

import re
import sys

import requests
from fyers_apiv3 import fyersModel

# Five calls a round; two thirds of them reach FYERS, which allows 200 a minute.
ROUNDS = 36
DEATH, LOGIN = ROUNDS // 3, 2 * ROUNDS // 3


def trade(fyers):
    """One round of the bot: look, buy, look again. Returns the order's id."""
    for answer in (fyers.quotes({"symbols": "NSE:SBIN-EQ"}), fyers.funds(), fyers.positions()):
        assert answer["s"] == "ok", answer
    order = {
        "symbol": "NSE:SBIN-EQ", "qty": 1, "type": 2, "side": 1, "productType": "CNC", "limitPrice": 0, "stopPrice": 0,
        "validity": "DAY", "disclosedQty": 0, "offlineOrder": False,
    }
    placed = fyers.place_order(order)
    assert placed["s"] == "ok", placed
    assert fyers.orderbook()["s"] == "ok"
    return placed["id"]


def log_in(base):
    """What the person does, in another window."""
    page = requests.get(f"{base}/fyers/login", timeout=20)
    fields = {name: re.search(rf'name="{name}" value="([^"]*)"', page.text).group(1) for name in ("auth_code", "state")}
    done = requests.post(f"{base}/fyers/callback", data=fields, timeout=60)
    assert "Logged in" in done.text, done.text


def main(base, key, control):
    fyersModel.Config.API, fyersModel.Config.DATA_API = f"{base}/api/v3", f"{base}/data"
    requests.post(f"{control}/login/settings", json={"instant": True}, timeout=5).raise_for_status()
    requests.post(f"{control}/redirect", json={"uri": f"{base}/fyers/callback"}, timeout=5).raise_for_status()
    fyers = fyersModel.FyersModel(client_id="ANYAPP1234-100", token=key, is_async=False, log_path="")
    ids = []
    for number in range(ROUNDS):
        if number == DEATH:
            requests.post(f"{control}/tokens/kill", json={"kind": "access"}, timeout=5).raise_for_status()
        if number == LOGIN:
            log_in(base)
        ids.append(trade(fyers))
    mock = [identity.startswith("MOCK") for identity in ids]
    print(f"bot: {ROUNDS} rounds, 0 exceptions; live {mock[:DEATH].count(False)}, "
          f"simulated {mock.count(True)}, live again {mock[LOGIN:].count(False)}")
    expected = [False] * DEATH + [True] * (LOGIN - DEATH) + [False] * (ROUNDS - LOGIN)
    return 0 if mock == expected else 1


sys.exit(main(*sys.argv[1:]))
