"""Asks the keeper everything the official SDK can ask, with its sync and with its async client, and compares the
answers with FYERS' own shapes.

    check.py http://127.0.0.1:8080 GATEWAY_KEY mock|live
"""

import asyncio
import sys

import requests
from fyers_apiv3 import fyersModel

from methods import LIVE, READS, REFUSED, SBIN, SERVED, SHAPED, WRITES, order

# What the SDK says itself when an answer is not JSON, or there is none.
OWN_WORDS = ("Bad request", "invalid input please check your input")


class Bot:
    """One client of the SDK, sync or async, asked in one way."""

    def __init__(self, key, is_async):
        self.name = "async" if is_async else "sync"
        self.loop = asyncio.new_event_loop() if is_async else None
        self.model = fyersModel.FyersModel(client_id="ANYAPP1234-100", token=key, is_async=is_async, log_path="")

    def ask(self, method, *arguments):
        answer = getattr(self.model, method)(*arguments)
        return self.loop.run_until_complete(answer) if self.loop else answer

    def close(self):
        if self.loop:
            self.loop.run_until_complete(self.model.close())
            self.loop.close()


class Report:
    """What was asked and what is wrong with the answers."""

    def __init__(self, may_be_absent):
        self.asked, self.served, self.absent, self.bad = 0, 0, 0, []
        # What the simulator does not have it answers as any web server does, and the keeper hands that on.
        self.may_be_absent = may_be_absent

    def judge(self, bot, method, answer, how, payload=None):
        self.asked += 1
        if how == LIVE:
            how = SERVED if self.may_be_absent else REFUSED
        problem = fault(answer, how, payload)
        if problem == "not JSON" and how == SHAPED and self.may_be_absent and answer.get("code") == 404:
            self.absent += 1
        elif problem:
            self.bad.append(f"{bot.name:5} {method}: {problem}: {str(answer)[:160]}")
        elif answer["s"] == "ok":
            self.served += 1
        return answer if isinstance(answer, dict) else {}

    def expect(self, bot, what, holds):
        self.asked += 1
        if not holds:
            self.bad.append(f"{bot.name:5} {what}")


def fault(answer, how, payload):
    """What is wrong with an answer; nothing when it is FYERS' kind of answer."""
    if not isinstance(answer, dict):
        return "no object"
    status, message = answer.get("s"), answer.get("message", "")
    if message in OWN_WORDS:
        return "not JSON"
    if status == "error" and not (isinstance(answer.get("code"), int) and message):
        return "an error without code and message"
    if status not in ("ok", "error", "no_data"):
        return "no status"
    if how == SERVED and status != "ok":
        return "not served"
    if how == REFUSED and status != "error":
        return "not refused"
    if status == "ok" and payload and not isinstance(answer.get(payload[0]), payload[1]):
        return f"no {payload[0]}"
    return None


def table(bot, report, rows):
    for method, arguments, how, payload in rows:
        report.judge(bot, method, bot.ask(method, *arguments), how, payload)


def an_order_lives_and_dies(bot, report):
    placed = report.judge(bot, "place_order", bot.ask("place_order", order(orderTag="sdkcheck")), SERVED, ("id", str))
    number = placed.get("id", "")
    book = bot.ask("orderbook").get("orderBook", [])
    found = [row for row in book if row.get("id") == number]
    report.expect(bot, "the order is in the book and waits", [row.get("status") for row in found] == [6])
    report.expect(bot, "its tag is kept", [row.get("orderTag") for row in found] == ["1:sdkcheck"])
    if bot.name == "sync":
        # The SDK's async get_orders takes the coroutine for the answer and fails by itself.
        book = bot.ask("get_orders", {"id": number}) if number else {}
        report.expect(bot, "get_orders finds it", len(book.get("orderBook", [])) == 1)
    change = {"id": number, "type": 1, "limitPrice": 701, "stopPrice": 0, "qty": 6}
    report.judge(bot, "modify_order", bot.ask("modify_order", change), SERVED, ("id", str))
    report.judge(bot, "cancel_order", bot.ask("cancel_order", {"id": number}), SERVED, ("id", str))
    report.judge(bot, "cancel_order again", bot.ask("cancel_order", {"id": number}), REFUSED)
    found = [row for row in bot.ask("orderbook").get("orderBook", []) if row.get("id") == number]
    report.expect(bot, "the order is cancelled", [row.get("status") for row in found] == [1])


def a_position_opens_and_closes(bot, report):
    bought = bot.ask("place_order", order(type=2, limitPrice=0))
    report.judge(bot, "place_order at the market", bought, SERVED, ("id", str))

    def net():
        rows = bot.ask("positions").get("netPositions", [])
        return sum(row.get("netQty", 0) for row in rows if row.get("symbol") == SBIN)

    report.expect(bot, "the position is open", net() == 5)
    trades = bot.ask("tradebook").get("tradeBook", [])
    report.expect(bot, "the fill is in the trade book", any(row.get("orderNumber") == bought.get("id") for row in trades))
    convert = {"symbol": f"{SBIN}-INTRADAY", "positionSide": 1, "convertQty": 1, "convertFrom": "INTRADAY",
               "convertTo": "CNC", "overnight": 0}
    report.judge(bot, "convert_position", bot.ask("convert_position", convert), SHAPED)
    report.judge(bot, "exit_positions", bot.ask("exit_positions", {}), SERVED)
    report.expect(bot, "the position is closed", net() == 0)


def a_gtt_order_waits(bot, report):
    def leg(price):
        return {"leg1": {"price": price, "triggerPrice": price + 1, "qty": 1}}

    asked = {"side": 1, "symbol": SBIN, "productType": "CNC", "orderInfo": leg(500), "orderTag": "gttcheck"}
    placed = report.judge(bot, "place_gtt_order", bot.ask("place_gtt_order", asked), SERVED, ("id", str))
    number = placed.get("id", "")
    change = {"id": number, "orderInfo": leg(501)}
    report.judge(bot, "modify_gtt_order", bot.ask("modify_gtt_order", change), SERVED, ("id", str))
    rows = [row for row in bot.ask("gtt_orderbook").get("orderBook", []) if row.get("id") == number]
    report.expect(bot, "the GTT order waits, changed", [row.get("price_trigger") for row in rows] == [502])
    report.judge(bot, "cancel_gtt_order", bot.ask("cancel_gtt_order", {"id": number}), SERVED, ("id", str))
    rows = [row for row in bot.ask("gtt_orderbook").get("orderBook", []) if row.get("id") == number]
    report.expect(bot, "the GTT order is cancelled", [row.get("ord_status") for row in rows] == [1])


def a_basket(bot, report):
    basket = [order(), order(qty=0), order(symbol="NSE:M&M-EQ", limitPrice=2500)]
    placed = report.judge(bot, "place_basket_orders", bot.ask("place_basket_orders", basket), SERVED, ("data", list))
    bodies = [row.get("body", {}) for row in placed.get("data", [])]
    report.expect(bot, "each order has its own answer", [body.get("s") for body in bodies] == ["ok", "error", "ok"])
    numbers = [body["id"] for body in bodies if body.get("s") == "ok"]
    changes = [{"id": number, "type": 1, "limitPrice": 690, "qty": 5} for number in numbers]
    if numbers:
        changed = bot.ask("modify_basket_orders", changes)
        report.judge(bot, "modify_basket_orders", changed, SERVED, ("data", list))
        gone = bot.ask("cancel_basket_orders", [{"id": number} for number in numbers])
        report.judge(bot, "cancel_basket_orders", gone, SERVED, ("data", list))


def the_door(base, key, mode, report):
    """What the SDK does not show: headers, and answers to strangers."""
    bot = type("Bot", (), {"name": "http"})
    stranger = fyersModel.FyersModel(client_id="ANYAPP1234-100", token="wrong", log_path="")
    report.expect(bot, "a wrong key is -16", stranger.get_profile().get("code") == -16)
    report.expect(bot, "a wrong key is -15", stranger.quotes({"symbols": SBIN}).get("code") == -15)
    session = fyersModel.SessionModel(
        client_id="ANYAPP1234-100", secret_key="x", redirect_uri="http://127.0.0.1/", response_type="code",
        grant_type="authorization_code",
    )
    session.set_token("code")
    report.judge(bot, "generate_token", session.generate_token(), REFUSED)
    answer = requests.get(f"{base}/api/v3/profile", headers={"Authorization": f"APP:{key}"}, timeout=30)
    report.expect(bot, f"X-Keeper-Mode is {mode}", answer.headers.get("X-Keeper-Mode") == mode)
    venue = "fyers" if mode == "live" else "mock"
    report.expect(bot, f"X-Keeper-Order-Venue is {venue}", answer.headers.get("X-Keeper-Order-Venue") == venue)


def main():
    base, key, mode = sys.argv[1:]
    fyersModel.Config.API = f"{base}/api/v3"
    fyersModel.Config.DATA_API = f"{base}/data"
    report = Report(may_be_absent=mode == "live")
    for is_async in (False, True):
        bot = Bot(key, is_async)
        table(bot, report, READS)
        for story in (an_order_lives_and_dies, a_position_opens_and_closes, a_gtt_order_waits, a_basket):
            story(bot, report)
        table(bot, report, WRITES)
        bot.close()
    the_door(base, key, mode, report)
    for line in report.bad:
        print(f"  {line}")
    counts = f"{report.served} answers with s=ok, {report.absent} not simulated, {len(report.bad)} bad"
    print(f"{mode}: {report.asked} checks, {counts}")
    return 1 if report.bad else 0


if __name__ == "__main__":
    sys.exit(main())
