"""Follows the crossing of two moving averages of NIFTY's biggest bank: always in the market, long or short, flat before
the close. Candles, quotes, orders with a stop loss."""

from common import Bot, half_hours, now, wait_until

SYMBOL, QUANTITY = "NSE:SBIN-EQ", 20
FAST, SLOW = 9, 21


def ema(closes, length):
    value, weight = closes[0], 2 / (length + 1)
    for close in closes[1:]:
        value += weight * (close - value)
    return value


def main():
    bot, side, rounds = Bot("ema"), 0, 0
    for _ in half_hours():
        rounds += 1
        today = now().date()
        candles = bot.ask("history", {"symbol": SYMBOL, "resolution": "5", "date_format": "1", "cont_flag": "1",
                                      "range_from": str(today.replace(day=1)), "range_to": str(today)})["candles"]
        closes = [row[4] for row in candles]
        assert len(closes) > SLOW, f"{len(closes)} candles are too few"
        price = bot.ask("quotes", {"symbols": SYMBOL})["d"][0]["v"]["lp"]
        assert price > 0
        wanted = 1 if ema(closes[-200:], FAST) > ema(closes[-200:], SLOW) else -1
        if wanted != side:
            # From the second time on the order closes the old position and opens the new one.
            bot.order(SYMBOL, wanted, QUANTITY if side == 0 else 2 * QUANTITY, "INTRADAY")
            side = wanted
    wait_until(15, 10)
    bot.order(SYMBOL, -side, QUANTITY, "INTRADAY")
    net = [row["netQty"] for row in bot.ask("positions")["netPositions"] if row["symbol"] == SYMBOL]
    assert net in ([], [0]), net
    wait_until(15, 45)
    bot.report(rounds)


main()
