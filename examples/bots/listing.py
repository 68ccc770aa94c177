"""Lists at the simulator what the bots trade: two hundred shares, and the options of the chain it shows."""

import sys

import requests

from universe import SYMBOLS


def main(data, control, token):
    prices = [[symbol, 100.0 + 7.5 * place] for place, symbol in enumerate(SYMBOLS)]
    chain = requests.get(f"{data}/options-chain-v3", timeout=10, headers={"Authorization": f"ABCD1234EF-100:{token}"},
                         params={"symbol": "NSE:NIFTY50-INDEX", "strikecount": 5}).json()
    options = [row for row in chain["data"]["optionsChain"] if row["option_type"]]
    prices += [[row["symbol"], row["ltp"]] for row in options]
    for symbol, price in prices:
        requests.post(f"{control}/prices", json={"symbol": symbol, "price": price}, timeout=10).raise_for_status()


main(*sys.argv[1:])
