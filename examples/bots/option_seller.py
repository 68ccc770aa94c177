"""Sells a call and a put around NIFTY's price in the morning, if there is the margin for both, watches them all day and
buys them back before the close. Option chain, margin, quotes, orders."""

from common import Bot, half_hours, wait_until

UNDERLYING, LOT = "NSE:NIFTY50-INDEX", 75


def leg(symbol, side):
    return {"symbol": symbol, "qty": LOT, "side": side, "type": 2, "productType": "MARGIN", "limitPrice": 0,
            "stopLoss": 0, "stopPrice": 0, "takeProfit": 0}


def pick(chain):
    """The second strike above the price for the call, and the second below for the put."""
    rows = chain["data"]["optionsChain"]
    price = next(row["ltp"] for row in rows if row["option_type"] == "")
    calls = sorted((row["strike_price"], row) for row in rows if row["option_type"] == "CE" and row["strike_price"] > price)
    puts = sorted(((row["strike_price"], row) for row in rows if row["option_type"] == "PE" and row["strike_price"] < price),
                  reverse=True)
    return calls[1][1], puts[1][1]


def main():
    bot, held, rounds = Bot("option seller"), [], 0
    for _ in half_hours():
        rounds += 1
        chain = bot.ask("optionchain", {"symbol": UNDERLYING, "strikecount": 5, "timestamp": ""})
        assert len(chain["data"]["expiryData"]) > 1 and len(chain["data"]["optionsChain"]) == 23
        if not held:
            call, put = pick(chain)
            margin = bot.margin([leg(call["symbol"], -1), leg(put["symbol"], -1)])
            assert margin["margin_new_order"] > LOT * (call["ltp"] + put["ltp"]), margin
            if margin["margin_avail"] < margin["margin_new_order"]:
                raise SystemExit(f"not enough margin: {margin}")
            for row in (call, put):
                bot.order(row["symbol"], -1, LOT, "MARGIN")
                held.append(row["symbol"])
        else:
            quotes = bot.ask("quotes", {"symbols": ",".join(held)})["d"]
            assert all(row["s"] == "ok" and row["v"]["lp"] > 0 for row in quotes), quotes
    wait_until(15, 10)
    for symbol in held:
        bot.order(symbol, 1, LOT, "MARGIN")
    rows = {row["symbol"]: row["netQty"] for row in bot.ask("positions")["netPositions"]}
    assert all(rows[symbol] == 0 for symbol in held), rows
    wait_until(15, 45)
    bot.report(rounds)


main()
