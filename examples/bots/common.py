"""What the bots share: the login that every public FYERS bot has, answers that are looked at, and the time of day.

With BOT_CLOCK_FILE the day is played: waiting for a time moves the clock of keeper and simulator there. Without it the
bots wait as any bot does."""

import datetime
import json
import os
import pathlib
import time

import requests
from fyers_apiv3 import fyersModel

INDIA = datetime.timezone(datetime.timedelta(hours=5, minutes=30))


class Refused(Exception):
    """An answer that a bot cannot live with."""


class Bot:
    def __init__(self, name):
        base, key = os.environ["KEEPER_URL"].rstrip("/"), os.environ["KEEPER_KEY"]
        self.app = os.environ.get("BOT_APP_ID", "ANYAPP1234-100")
        fyersModel.Config.API, fyersModel.Config.DATA_API = f"{base}/api/v3", f"{base}/data"
        self.name, self.base = name, base
        self.pause = float(os.environ.get("BOT_PAUSE", "0"))
        self.calls, self.orders, self.odd = 0, [], []
        self.token = self.log_in(key)
        self.fyers = fyersModel.FyersModel(client_id=self.app, token=self.token, is_async=False, log_path="")

    def log_in(self, key):
        """The login of FYERS' own samples, with the gateway key in the place of the app's secret."""
        session = fyersModel.SessionModel(
            client_id=self.app, secret_key=key, redirect_uri="http://127.0.0.1/", response_type="code",
            grant_type="authorization_code")
        session.set_token(self.app)
        return session.generate_token()["access_token"]

    def ask(self, method, *arguments):
        """Calls the SDK, and takes no answer but a good one."""
        time.sleep(self.pause)
        self.calls += 1
        answer = getattr(self.fyers, method)(*arguments)
        return self.good(method, answer)

    def good(self, method, answer):
        if answer.get("s") != "ok":
            raise Refused(f"{self.name}: {method}: {json.dumps(answer)[:300]}")
        return answer

    def margin(self, orders):
        """The SDK has no method for it."""
        time.sleep(self.pause)
        self.calls += 1
        answer = requests.post(f"{self.base}/api/v3/multiorder/margin", json={"data": orders}, timeout=30,
                               headers={"Authorization": f"{self.app}:{self.token}"})
        return self.good("margin", answer.json())["data"]

    def order(self, symbol, side, quantity, product, **more):
        body = {"symbol": symbol, "qty": quantity, "type": 2, "side": side, "productType": product, "limitPrice": 0,
                "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": False, **more}
        number = self.ask("place_order", body)["id"]
        self.orders.append(number)
        return number

    def fills(self):
        numbers = set(self.orders)
        return [row for row in self.ask("tradebook")["tradeBook"] if row["orderNumber"] in numbers]

    def report(self, rounds):
        row = {"bot": self.name, "rounds": rounds, "calls": self.calls, "orders": len(self.orders),
               "fills": len(self.fills()), "profit": round(self.ask("positions")["overall"]["pl_total"], 2),
               "odd": self.odd}
        print(json.dumps(row))


def now():
    played = os.environ.get("BOT_CLOCK_FILE")
    if not played:
        return datetime.datetime.now(INDIA)
    path = pathlib.Path(played)
    start = datetime.datetime.fromisoformat(path.read_text().strip())
    return start + datetime.timedelta(seconds=time.time() - path.stat().st_mtime)


def wait_until(hour, minute):
    """Waits for a time of day; in a played day it is that time at once, and prices have moved on."""
    when = now().replace(hour=hour, minute=minute, second=0, microsecond=0)
    played = os.environ.get("BOT_CLOCK_FILE")
    if not played:
        time.sleep(max(0, (when - now()).total_seconds()))
        return
    if when > now():
        partial = pathlib.Path(played + ".partial")
        partial.write_text(when.isoformat())
        partial.replace(played)
    control = os.environ.get("BOT_CONTROL")
    if control:
        requests.post(f"{control}/walk/step", json={"steps": 5}, timeout=10).raise_for_status()


def half_hours():
    """The times at which the bots act: every half hour of the session."""
    for minutes in range(9 * 60 + 20, 15 * 60 + 1, 30):
        wait_until(*divmod(minutes, 60))
        yield
