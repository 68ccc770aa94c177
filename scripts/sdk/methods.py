"""What the official SDK can ask, with what FYERS answers (FYERS API contract, section 3)."""

# How strictly an answer is judged.
SERVED = "served"  # must be s=ok with its payload
LIVE = "live"  # served in Live; Mock refuses it in FYERS' shape
SHAPED = "shaped"  # any answer of FYERS' shape: not everything is simulated
REFUSED = "refused"  # must be refused, in FYERS' shape

SBIN = "NSE:SBIN-EQ"
TODAY = {"date_format": "1", "range_from": "2026-11-01", "range_to": "2026-11-20"}


def order(**changes):
    """An order that rests: far below the market."""
    resting = {
        "symbol": SBIN,
        "qty": 5,
        "type": 1,
        "side": 1,
        "productType": "INTRADAY",
        "limitPrice": 700,
        "stopPrice": 0,
        "validity": "DAY",
        "disclosedQty": 0,
        "offlineOrder": False,
    }
    return {**resting, **changes}


# (method, arguments, judged how, payload: name and type)
READS = [
    ("get_profile", [], SERVED, ("data", dict)),
    ("funds", [], SERVED, ("fund_limit", list)),
    ("holdings", [], SERVED, ("holdings", list)),
    ("positions", [], SERVED, ("netPositions", list)),
    ("tradebook", [], SERVED, ("tradeBook", list)),
    ("orderbook", [], SERVED, ("orderBook", list)),
    ("orderbook", [{"order_tag": "1:none"}], SERVED, ("orderBook", list)),
    ("gtt_orderbook", [], SERVED, ("orderBook", list)),
    ("market_status", [], SERVED, ("marketStatus", list)),
    ("quotes", [{"symbols": f"{SBIN},NSE:M&M-EQ"}], SERVED, ("d", list)),
    ("quotes_v2", [{"symbols": [SBIN]}], SERVED, ("d", list)),
    ("depth", [{"symbol": SBIN, "ohlcv_flag": "1"}], SERVED, ("d", dict)),
    ("history", [{"symbol": SBIN, "resolution": "D", "cont_flag": "1", **TODAY}], SHAPED, ("candles", list)),
    ("optionchain", [{"symbol": SBIN, "strikecount": 1, "timestamp": ""}], LIVE, ("data", dict)),
    ("futures_chain", [{"symbol": "NSE:NIFTY50-INDEX"}], SHAPED, None),
    ("expiry_dates", [{"symbol": SBIN, **TODAY}], SHAPED, None),
    ("history_underlying_symbols", [{"symbol": SBIN, "expiry_date": "2026-10-27"}], SHAPED, None),
    ("fno_historical_data", [{"symbol": SBIN, "resolution": "D", **TODAY}], SHAPED, None),
    ("get_alert", [], LIVE, None),
    ("smart_orderbook_with_filter", [{"side": [1, -1], "exchange": ["NSE"]}], LIVE, None),
    ("get_smartexit_triggers", [], SHAPED, None),
    ("orderhistory", [{"page_no": 1, "page_size": 10}], LIVE, None),
    ("tradehistory", [{"page_no": 1, "page_size": 10}], LIVE, None),
    ("charges_history", [{"page_no": 1}], LIVE, None),
    ("realised_profit_history", [{"page_no": 1}], LIVE, None),
    ("tax_pnl_history", [{"fin_year": "2026-27"}], LIVE, None),
    ("ledger_history", [{"page_no": 1}], LIVE, None),
    ("screeners_config", [], SHAPED, None),
    ("screeners_query", [{"screener": "x", "universe": "y"}], SHAPED, None),
    ("screeners_candlestick", [{"screener": "x"}], SHAPED, None),
    ("screeners_technical", [{"screener": "x"}], SHAPED, None),
]

# What changes something beyond plain orders. Left out: generate_data_token, which needs another vendor's package.
WRITES = [
    ("modify_gtt_order", [{"id": "1", "orderInfo": {"leg1": {"price": 700, "triggerPrice": 701, "qty": 1}}}],
     REFUSED, None),
    ("cancel_gtt_order", [{"id": "1"}], REFUSED, None),
    ("place_multileg_order", [{"productType": "INTRADAY", "offlineOrder": False, "orderType": "2L",
                               "validity": "IOC", "legs": {}}], SHAPED, None),
    ("attach_position_legs", [{"positionId": f"{SBIN}-INTRADAY", "stopLoss": 5}], SHAPED, None),
    ("create_alert", [{"agent": "fyers-api", "alert-type": 1, "name": "a", "symbol": SBIN,
                       "comparisonType": "LTP", "condition": "GT", "value": "900"}], LIVE, None),
    ("update_alert", [{"alertId": "1", "name": "b"}], SHAPED, None),
    ("toggle_alert", [{"alertId": "1"}], SHAPED, None),
    ("delete_alert", [{"alertId": "1", "agent": "fyers-api"}], SHAPED, None),
    ("create_smart_order_step", [{"symbol": SBIN, "side": 1, "qty": 5}], LIVE, None),
    ("create_smart_order_limit", [{"symbol": SBIN, "side": 1, "qty": 5}], LIVE, None),
    ("create_smart_order_trail", [{"symbol": SBIN, "side": 1, "qty": 5}], LIVE, None),
    ("create_smart_order_sip", [{"symbol": SBIN, "side": 1, "qty": 5}], LIVE, None),
    ("modify_smart_order", [{"flowId": "1"}], SHAPED, None),
    ("pause_smart_order", [{"flowId": "1"}], SHAPED, None),
    ("resume_smart_order", [{"flowId": "1"}], SHAPED, None),
    ("cancel_smart_order", [{"flowId": "1"}], SHAPED, None),
    ("create_smartexit_trigger", [{"name": "a", "type": 1, "profitRate": 1, "lossRate": -1}], SHAPED, None),
    ("update_smartexit_trigger", [{"flowId": "1", "profitRate": 1}], SHAPED, None),
    ("activate_deactivate_smartexit_trigger", [{"flowId": "1"}], SHAPED, None),
    ("logout", [], REFUSED, None),
]
