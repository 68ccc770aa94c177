"""A real keeper before a real simulator of FYERS, for the tests. The programs are named by FYERS_KEEPER_BINARY and
SIMULATOR_BINARY (built with `--features fault-injection`, which brings the test clock)."""

import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

# Inside a session of the exchange, whatever the time is.
CLOCK = "2026-11-23T11:00:00+05:30"
DEADLINE = 90


def programs():
    return os.environ.get("FYERS_KEEPER_BINARY"), os.environ.get("SIMULATOR_BINARY")


def until(what, wish):
    """Waits for a condition and returns it."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        found = wish()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"did not come: {what}")


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read() or b"null")


class Rig:
    """Starts both programs; `stop` ends them."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="fyers-keeper-client-")
        self.children = []
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self):
        self.binary, simulator = programs()
        addresses = self._simulator(simulator)
        self.control = addresses["control"]
        token = post(f"{self.control}/tokens/mint", {"kind": "access"})["token"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.base = f"http://127.0.0.1:{free.getsockname()[1]}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "KEEPER_DEMO_CLOCK": CLOCK,
            "KEEPER_HTTP_ADDR": self.base[len("http://") :],
            "FYERS_API_URL": addresses["api"],
            "FYERS_DATA_URL": addresses["data"],
            "FYERS_CLIENT_ID": "ABCD1234EF-100",
            "FYERS_SECRET_KEY": "SIMULATED1",
            "FYERS_ACCESS_TOKEN": token,
            "FYERS_SANDBOX": "false",
        }
        self._child("keeper", [self.binary, "run"], self.environment)
        until("the keeper is live", self._is_live)
        self.key_file = Path(self.folder.name, "state", "gateway.key")

    def _simulator(self, binary):
        log = self._child("simulator", [binary], {"PATH": os.environ["PATH"]})
        until("the simulator's addresses", lambda: "control=" in log.read_text() and log.read_text().endswith("\n"))
        return dict(word.split("=", 1) for word in log.read_text().split() if "=" in word)

    def _child(self, name, command, environment):
        log = Path(self.folder.name, f"{name}.log")
        with log.open("wb") as out:
            child = subprocess.Popen(command, cwd=self.folder.name, env=environment, stdout=out, stderr=subprocess.STDOUT)
        self.children.append(child)
        return log

    def _is_live(self):
        assert all(child.poll() is None for child in self.children), self.logs()
        try:
            with urllib.request.urlopen(f"{self.base}/api/status", timeout=5) as answer:
                return json.loads(answer.read())["mode"] == "live"
        except OSError:
            return False

    def command(self, *arguments):
        """What the keeper's own program prints."""
        done = subprocess.run(
            [self.binary, *arguments], cwd=self.folder.name, env=self.environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def price(self, symbol, price):
        post(f"{self.control}/prices", {"symbol": symbol, "price": price})

    def logs(self):
        return "\n".join(path.read_text(errors="replace")[-3000:] for path in Path(self.folder.name).glob("*.log"))

    def stop(self):
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.folder.cleanup()
