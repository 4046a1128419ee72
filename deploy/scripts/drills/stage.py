"""What drills stand on: a server in a folder of its own that is started, killed and asked, and a clock."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
DEADLINE_S = 90


class Never(Exception):
    """What was waited for did not come to be."""


def program():
    """The binary: the first argument, else CALLBOARD, else the release build of this tree."""
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("CALLBOARD", ROOT / "target/release/callboard")
    path = pathlib.Path(given).resolve()
    if not path.is_file():
        raise SystemExit(f"{path} is no program; name one: {sys.argv[0]} PROGRAM")
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(what, look, every_s=0.02):
    """The first answer of `look` that is not None."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(every_s)
    raise Never(what)


class Server:
    """Everyone is an admin of it, on loopback. Its port stays the same over restarts."""

    def __init__(self, folder, binary, data="data", **settings):
        self.folder, self.binary, self.port = folder, binary, free_port()
        self.data = folder / data
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CALLBOARD")}
        self.env = {**kept, **settings}
        self.process = None

    def start(self):
        log = open(self.folder / "server.log", "ab")
        command = [self.binary, "serve", "--insecure-loopback", "--listen", f"127.0.0.1:{self.port}",
                   "--data-dir", self.data, "--log", "error"]
        self.process = subprocess.Popen(command, stdout=log, stderr=log, env=self.env)

    def wait_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise SystemExit((self.folder / "server.log").read_text())
            try:
                return True if self.ask("GET", "/health/ready")[0] == 200 else None
            except OSError:
                return None

        eventually("the server is ready", ready, every_s=0.005)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def command(self, *arguments):
        done = subprocess.run([self.binary, *arguments], capture_output=True, text=True, env=self.env, check=False)
        if done.returncode:
            raise SystemExit(f"callboard {arguments[0]}: {done.stderr}")
        return done.stdout

    def ask(self, method, path, body=None, timeout=30, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            text = body if body is None or isinstance(body, str) else json.dumps(body)
            connection.request(method, path, text, {"content-type": "application/json", **headers})
            answer = connection.getresponse()
            read = answer.read()
            is_json = "json" in (answer.getheader("content-type") or "")
            return answer.status, json.loads(read) if is_json else read
        finally:
            connection.close()

    def submit(self, kind="drill.fanout", **job_input):
        """The id of a job that was acknowledged, which is to say committed."""
        status, job = self.ask("POST", "/v1/jobs", {"kind": kind, "input": job_input or {"tasks": 4, "wait_ms": 20}})
        if status not in (200, 202):
            raise SystemExit(f"a submission was answered {status}: {job}")
        return job["id"]

    def run_one(self):
        status, job = self.ask(
            "POST", "/v1/jobs", {"kind": "drill.fanout", "input": {"tasks": 2}}, prefer="wait=30"
        )
        return status == 200 and job["state"] == "succeeded"

    def state_of(self, job):
        status, view = self.ask("GET", f"/v1/jobs/{job}")
        return view["state"] if status == 200 else None

    def ended(self, jobs):
        """How many of them succeeded, once none is live; those that are unknown count as lost."""
        def look():
            states = [self.state_of(job) for job in jobs]
            over = all(state in (None, "succeeded", "failed", "cancelled") for state in states)
            return states if over else None

        states = eventually("every job ends", look, every_s=0.1)
        return states.count("succeeded"), states.count(None)

    def component(self, name):
        parts = self.ask("GET", "/v1/health")[1]["components"]
        return next((part["status"] for part in parts if part["name"] == name), None)


@contextlib.contextmanager
def stage(**settings):
    """A folder and a server in it that has not been started; both are gone afterwards."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="callboard-drill-"))
    server = Server(folder, program(), **settings)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@contextlib.contextmanager
def beside(*command, log):
    """Another program, ended afterwards."""
    with open(log, "ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(20)


def report(drill, recovered_s, lost, acknowledged, also=""):
    note = f"; {also}" if also else ""
    print(f"{drill}: RTO {recovered_s:.2f} s, RPO {lost} of {acknowledged} acknowledged jobs{note}")


def judge(is_true, what):
    if not is_true:
        raise SystemExit(f"FAILED: {what}")


def is_debug_with_failpoints(server):
    return server.ask("PUT", "/test/failpoints/none", "off")[0] == 204
