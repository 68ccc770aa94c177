"""A bot with the official Python SDK: its data socket and its order socket, for as long as it is left running. Nothing of
the keeper is known here but its address and a key. Each message goes out as one line: seconds since 1970, socket, message."""

import json
import os
import sys
import time

import fyers_keeper
from fyers_apiv3.FyersWebsocket import data_ws, order_ws


def say(socket, message):
    sys.stdout.write(json.dumps([time.time(), socket, message], default=str) + "\n")
    sys.stdout.flush()


def main():
    base, key, symbols = os.environ["KEEPER_URL"], os.environ["KEEPER_KEY"], sys.argv[1:]
    fyers_keeper.use(base)
    token = f"ABCD1234EF-100:{key}"
    data = data_ws.FyersDataSocket(
        access_token=token, log_path=".", litemode=False, reconnect=True, reconnect_retry=50,
        on_connect=lambda: data.subscribe(symbols=symbols, data_type="SymbolUpdate"),
        on_message=lambda message: say("data", message), on_error=lambda message: say("data!", message),
        on_close=lambda message: say("data-", message),
    )
    orders = order_ws.FyersOrderSocket(
        access_token=token, log_path=".", write_to_file=False, reconnect=True, reconnect_retry=50,
        on_connect=lambda: orders.subscribe(data_type="OnOrders,OnTrades,OnPositions"),
        on_orders=lambda message: say("orders", message), on_trades=lambda message: say("trades", message),
        on_positions=lambda message: say("positions", message), on_general=lambda message: say("general", message),
        on_error=lambda message: say("orders!", message), on_close=lambda message: say("orders-", message),
    )
    data.connect()
    orders.connect()
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
