"""A simulated week at a keeper with three bots connected throughout. scripts/feed-week starts it; see there.

Every minute of the simulated morning one thing goes wrong between the keeper and FYERS, and orders go out before, during and
after it. Each bot must hear of the end of each order once, with one fill, and of a new price within 35 s of each fault."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from urllib.error import HTTPError, URLError

from bots import Bot, wait

LIMIT = 35
SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"
# Dates of the demo: a Friday, a weekend, three trading days, and a holiday between them.
DAYS = ["2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26"]
TRADING = {"2026-11-20", "2026-11-23", "2026-11-25", "2026-11-26"}
DEAF = {"kind": "mute", "after": 0}
FORBIDDEN, DOWN = {"kind": "empty_body", "status": 403}, {"kind": "html", "status": 503}


def closing(socket, how):
    return lambda week: week.tell("sockets/close", {"kind": socket, "how": how})


def faulty(socket, fault):
    return lambda week: week.tell("sockets/fault", {"kind": socket, "fault": fault})


def refused(socket, path, fault):
    def act(week):
        week.tell("faults", {"scope": {"path": path}, "fault": fault, "life": {"times": 1}})
        week.tell("sockets/close", {"kind": socket, "how": "drop"})

    return act


def no_books(week):
    week.tell("faults", {"scope": {"path": "/api/v3/tradebook"}, "fault": {"kind": "html", "status": 503}, "life": {"times": 1}})
    week.tell("sockets/close", {"kind": "orders", "how": "reset"})


def both(week):
    week.tell("sockets/close", {"how": "reset"})


# What goes wrong, one a minute, over and over; those that are only noticed by silence come once a day.
FAULTS = [
    ("order socket closed", closing("orders", "close")),
    ("data socket reset", closing("data", "reset")),
    ("order socket reset", closing("orders", "reset")),
    ("data socket closed", closing("data", "close")),
    ("torn frame on the order socket", faulty("orders", {"kind": "torn_frame", "after": 1})),
    ("half a frame on the data socket", faulty("data", {"kind": "short_frame", "after": 0})),
    ("order socket ends after two messages", faulty("orders", {"kind": "disconnect", "after": 2})),
    ("data socket refused with 403", refused("data", "/hsm/v1-5/prod", FORBIDDEN)),
    ("order socket refused with 403", refused("orders", "/trade/v3", FORBIDDEN)),
    ("data socket refused with 503", refused("data", "/hsm/v1-5/prod", DOWN)),
    ("order socket reset at its handshake", refused("orders", "/trade/v3", {"kind": "reset"})),
    ("no trade book after the return", no_books),
    ("both sockets reset", both),
    ("order socket slow", faulty("orders", {"kind": "slow_frames", "ms": 300})),
]
SILENT = [
    ("data socket mute", faulty("data", DEAF)),
    ("order socket dead, TCP open", faulty("orders", {"kind": "half_open", "after": 0})),
]


class Week:
    def __init__(self, settings):
        self.__dict__.update(settings)
        self.base = f"http://127.0.0.1:{self.port}"
        self.keeper, self.key, self.bots, self.orders, self.recovery = None, "", [], [], []
        self.count = dict.fromkeys(
            ["faults", "token deaths", "logins", "keeper restarts", "kills", "orders at FYERS", "simulated orders"], 0)
        self.price, self.side, self.failures, self.unheard = 800.0, 1, [], set()

    # The world.

    def clock(self, day, at):
        whole = f"{day}T{at}+05:30"
        with open(self.clock_file + ".new", "w") as file:
            file.write(whole)
        os.replace(self.clock_file + ".new", self.clock_file)

    def request(self, url, body=None, headers=(), method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, headers=dict(headers), method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.read().decode()
        except HTTPError as error:
            return error.read().decode()

    def tell(self, path, body):
        return json.loads(self.request(f"{self.control}/{path}", body) or "null")

    def ask(self, path, body=None, method=None):
        headers = {"Authorization": f"ABCD1234EF-100:{self.key}", "Content-Type": "application/json"}
        return json.loads(self.request(self.base + path, body, headers, method))

    def is_ready(self):
        try:
            return self.request(self.base + "/readyz") is not None
        except (URLError, OSError):
            return False

    def status(self):
        try:
            return json.loads(self.request(self.base + "/api/status", headers={"Authorization": f"Bearer {self.key}"}))
        except (URLError, OSError, ValueError):
            return {}

    def in_mode(self, mode):
        return wait(f"mode {mode}", lambda: self.status().get("mode") == mode, 60)

    def start_keeper(self):
        log = open(os.path.join(self.home, "keeper.log"), "ab")
        self.keeper = subprocess.Popen([self.binary, "run"], cwd=self.home, env=self.environment, stdout=log, stderr=log)
        wait("the keeper", self.is_ready, 60)

    def token(self):
        """The owner's key as a token of FYERS' kind."""
        command = [self.binary, "key", "show", "default", "--json"]
        shown = subprocess.run(command, cwd=self.home, env=self.environment, stdout=subprocess.PIPE, check=True)
        return json.loads(shown.stdout)["token"]

    def log_in(self):
        page = self.request(f"{self.base}/fyers/login")
        fields = {name: re.search(rf'name="{name}" value="([^"]*)"', page).group(1) for name in ("auth_code", "state")}
        body = "&".join(f"{name}={urllib.request.quote(value)}" for name, value in fields.items()).encode()
        request = urllib.request.Request(f"{self.base}/fyers/callback", data=body)
        urllib.request.urlopen(request, timeout=60).read()
        self.count["logins"] += 1
        self.in_mode("live")

    # Orders.

    def place(self, symbol=SBIN, limit=None, counts=True):
        order = {"symbol": symbol, "qty": 1, "type": 1 if limit else 2, "side": 1 if limit else self.side, "productType": "INTRADAY",
                 "limitPrice": limit or 0, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": False,
                 "stopLoss": 0, "takeProfit": 0}
        self.side = -self.side
        for _ in range(60):
            answer = self.ask("/api/v3/orders/sync", order)
            if answer.get("code") != -429:
                break
            time.sleep(1)
        if "id" not in answer:
            self.failures.append(f"an order was refused: {answer}")
            return None
        if counts:
            self.count["simulated orders" if answer["id"].startswith("MOCK") else "orders at FYERS"] += 1
            self.orders.append(answer["id"])
        return answer["id"]

    # Bots.

    def move_price(self):
        """A price that was not there before; tells which."""
        self.price = round(self.price + 0.1, 1) if self.price < 880 else 800.0
        self.tell("prices", {"symbol": SBIN, "price": self.price})
        return self.price

    def alive(self, what):
        """Seconds until every bot has a price that was set after the fault."""
        began = time.monotonic()
        new, waiting = {self.move_price()}, set(self.bots)
        while waiting and time.monotonic() - began < LIMIT + 25:
            waiting = {bot for bot in waiting if bot.ltp(SBIN) not in new}
            time.sleep(0.1)
            if waiting:
                new.add(self.move_price())
        passed = time.monotonic() - began
        self.recovery.append(passed)
        if waiting or passed > LIMIT:
            self.failures.append(f"{what}: {[bot.name for bot in waiting] or 'all'} after {passed:.1f} s")
        return passed

    def told(self, orders, status="traded", limit=LIMIT):
        def all_told():
            return all(bot.is_told(order, status) for bot in self.bots for order in orders if order)

        return wait(f"every bot hears that {orders} are {status}", all_told, limit)

    # The week.

    def minute(self, name, fault):
        before = self.place()
        fault(self)
        during = self.place()
        passed = self.alive(name)
        after = self.place()
        self.told([before, during, after], limit=LIMIT + 25)
        self.count["faults"] += 1
        print(f"  {name:38} alive after {passed:5.1f} s", flush=True)

    def morning(self, day):
        """The token has ended at six; a person logs in before the market opens."""
        self.clock(day, "08:46:00")
        self.in_mode("mock")
        self.count["token deaths"] += 1
        self.clock(day, "09:16:00")
        self.told([self.place(INFY)])
        self.log_in()
        self.alive("the login")

    def trading_day(self, day, minutes):
        self.morning(day)
        if day == "2026-11-23":
            self.restart("keeper restarts")
        faults = FAULTS + (SILENT if day in ("2026-11-20", "2026-11-25") else [])
        for number in range(minutes):
            self.clock(day, f"{9 + (17 + number) // 60:02}:{(17 + number) % 60:02}:00")
            began = time.monotonic()
            self.minute(*faults[number % len(faults)])
            # FYERS' limits count real time.
            time.sleep(max(0, 5 - (time.monotonic() - began)))
        if day == "2026-11-25":
            self.dead_at_noon(day)
        if day == "2026-11-26":
            self.restart("kills")

    def dead_at_noon(self, day):
        """The token dies while an order waits at FYERS, which fills before the login."""
        self.clock(day, "12:00:00")
        waits = self.place(limit=700.0)
        self.told([waits], "pending")
        self.tell("tokens/kill", {"kind": "access"})
        self.ask("/api/v3/funds")
        self.in_mode("mock")
        self.count["token deaths"] += 1
        self.told([self.place(INFY)])
        self.tell("prices", {"symbol": SBIN, "price": 699.0})
        self.price = 800.0
        self.tell("prices", {"symbol": SBIN, "price": self.price})
        self.log_in()
        self.told([waits])
        self.alive("the login at noon")

    def restart(self, how):
        """Bots come back by their own rules. What fills meanwhile is theirs to read in the books, as at FYERS."""
        waits = self.place(limit=700.0)
        self.told([waits], "pending")
        self.keeper.send_signal(9 if how == "kills" else 15)
        self.keeper.wait()
        self.tell("prices", {"symbol": SBIN, "price": 699.0})
        self.tell("prices", {"symbol": SBIN, "price": self.price})
        self.start_keeper()
        self.in_mode("live")
        self.count[how] += 1
        self.back()
        self.settle(SBIN)
        book = self.ask("/api/v3/orders")["orderBook"]
        if not any(row["id"] == waits and row["status"] == 2 for row in book):
            self.failures.append(f"{waits} is not in the book as filled")
        self.unheard.add(waits)
        self.alive(how)

    def back(self):
        sockets = lambda: sum(self.status().get("feeds", {}).get("clients", {}).values())
        if wait("all five sockets", lambda: sockets() == 5, 120) is None:
            self.failures.append("not all bots came back")

    def settle(self, symbol):
        """Bots connect first and subscribe then: nothing counts before all of them hear of an order."""
        for _ in range(24):
            order = self.place(symbol, counts=False)
            if all(wait("", lambda bot=bot: bot.is_told(order, "traded"), 5) is not None for bot in self.bots):
                return
        self.failures.append("not all bots listen")

    def quiet_day(self, day):
        for at in ("08:46:00", "10:00:00", "15:00:00"):
            self.clock(day, at)
            time.sleep(2)
        if self.status().get("mode") != "mock":
            self.failures.append(f"{day}: not mock")

    def run(self, minutes):
        self.settle(INFY)
        for day in DAYS:
            print(f"{day}: {'trading' if day in TRADING else 'no trading'}", flush=True)
            if day in TRADING:
                self.trading_day(day, minutes)
            else:
                self.quiet_day(day)
            self.clock(day, "23:59:30")
            time.sleep(1)

    # The table.

    def report(self):
        rows = [(name, count) for name, count in self.count.items()]
        lost, doubled = [], []
        for bot in self.bots:
            with bot.lock:
                for order in self.orders:
                    ends = sum(times for key, times in bot.orders.items() if key[:2] == (order, "traded"))
                    fills = bot.trades.get(order, 0)
                    if order not in self.unheard:
                        lost += [(bot.name, order, what) for what, times in (("end", ends), ("fill", fills)) if not times]
                    doubled += [(bot.name, order, "fill", fills)] * (fills > 1)
                doubled += [(bot.name, *key, times) for key, times in bot.orders.items() if times > 1]
        for what, list in (("lost", lost), ("doubled", doubled)):
            for one in list[:20]:
                print(what, *one)
        ended = sum(not bot.is_running() for bot in self.bots)
        slow = sum(passed > LIMIT for passed in self.recovery)
        times = sorted(self.recovery)
        rows += [
            ("order events each bot had to hear", 2 * (len(self.orders) - len(self.unheard))),
            ("order events lost, all bots", len(lost)),
            ("order events doubled, all bots", len(doubled)),
            ("seconds until every bot had a price, median", f"{times[len(times) // 2]:.1f}"),
            ("the same, most", f"{times[-1]:.1f}"),
            (f"faults after which it took more than {LIMIT} s", slow),
            ("bots restarted", ended),
        ]
        rows += [(f"messages heard by {bot.name}", bot.heard) for bot in self.bots]
        print()
        for name, value in rows:
            print(f"| {name} | {value} |")
        for failure in self.failures:
            print("FAILED:", failure)
        return not (lost or doubled or slow or ended or self.failures)


def main():
    settings, minutes = json.loads(os.environ["WEEK"]), int(sys.argv[1])
    week = Week(settings)
    week.clock("2026-11-19", "11:00:00")
    week.start_keeper()
    week.key = week.token()
    symbols = [SBIN, INFY]
    env = dict(os.environ, KEEPER_URL=week.base, KEEPER_KEY=week.key, PYTHONDONTWRITEBYTECODE="1")
    here = os.path.dirname(os.path.abspath(__file__))
    week.bots = [
        Bot("the Python SDK", [sys.executable, f"{here}/sdk_bot.py", *symbols], env, f"{week.home}/sdk"),
        Bot("/feed", [sys.executable, f"{here}/feed_bot.py", *symbols], env, f"{week.home}/feed"),
    ]
    npm = f"{week.home}/npm"
    os.makedirs(npm)
    os.symlink(week.modules, f"{npm}/node_modules")
    os.symlink(f"{here}/npm_bot.cjs", f"{npm}/npm_bot.cjs")
    week.bots.append(Bot("the npm SDK", ["node", "--preserve-symlinks-main", "--preserve-symlinks", "npm_bot.cjs", *symbols],
                         dict(env, KEEPER_HELPER=week.helper), npm))
    week.back()
    good = False
    try:
        week.run(minutes)
        good = week.report()
    finally:
        for bot in week.bots:
            bot.end()
        week.keeper.kill()
    print("week: good" if good else "week: FAILED", flush=True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
