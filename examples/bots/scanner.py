"""Looks at two hundred shares every half hour and holds the one that has risen most. Quotes in bulk, delivery orders."""

from common import Bot, half_hours, wait_until
from universe import SYMBOLS

AT_ONCE, QUANTITY = 50, 5


def main():
    bot, held, rounds = Bot("scanner"), None, 0
    for _ in half_hours():
        rounds += 1
        rows = []
        for first in range(0, len(SYMBOLS), AT_ONCE):
            rows += bot.ask("quotes", {"symbols": ",".join(SYMBOLS[first:first + AT_ONCE])})["d"]
        assert [row["n"] for row in rows] == SYMBOLS, "one element for each name, in order"
        known = [row["v"] for row in rows if row["s"] == "ok"]
        bot.odd += sorted({row["n"] for row in rows if row["s"] != "ok"} - set(bot.odd))
        best = max(known, key=lambda quote: (quote["chp"], quote["symbol"]))["symbol"]
        if best != held:
            if held:
                bot.order(held, -1, QUANTITY, "CNC")
            bot.order(best, 1, QUANTITY, "CNC")
            held = best
    wait_until(15, 10)
    bot.order(held, -1, QUANTITY, "CNC")
    wait_until(15, 45)
    bot.report(rounds)


main()
