"""The same job as a script: refresh a FYERS token on weekdays at 08:45 IST and keep it in .env.

It stands for what people run today (requests + python-dotenv + APScheduler), and does less than the keeper:
no mock exchange, no alerts, no journal. `serve` waits for the tick; `refresh N` refreshes N times and prints
the processor time and the wall time of one refresh.
"""

import hashlib
import sys
import time

import requests
from apscheduler.schedulers.blocking import BlockingScheduler
from dotenv import dotenv_values, set_key

ENV = ".env"


def refresh(session, settings):
    app = f"{settings['FYERS_CLIENT_ID']}:{settings['FYERS_SECRET_KEY']}"
    answer = session.post(
        settings["FYERS_API_URL"] + "/validate-refresh-token",
        json={
            "grant_type": "refresh_token",
            "appIdHash": hashlib.sha256(app.encode()).hexdigest(),
            "refresh_token": settings["FYERS_REFRESH_TOKEN"],
            "pin": settings["FYERS_PIN"],
        },
        timeout=15,
    ).json()
    token = answer["access_token"]
    profile = session.get(
        settings["FYERS_API_URL"] + "/profile",
        headers={"Authorization": f"{settings['FYERS_CLIENT_ID']}:{token}"},
        timeout=15,
    ).json()
    assert profile["s"] == "ok", profile
    set_key(ENV, "FYERS_ACCESS_TOKEN", token)


def main():
    settings = dotenv_values(ENV)
    session = requests.Session()
    if sys.argv[1:2] == ["refresh"]:
        rounds = int(sys.argv[2])
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(rounds):
            refresh(session, settings)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        print(f"{cpu / rounds * 1e3:.3f} {wall / rounds * 1e3:.3f}")
        return
    scheduler = BlockingScheduler(timezone="Asia/Kolkata")
    scheduler.add_job(refresh, "cron", day_of_week="mon-fri", hour=8, minute=45, args=[session, settings])
    print("ready", flush=True)
    scheduler.start()


main()
