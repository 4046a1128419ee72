"""A server of its own for checks of deploy/: with keys, a store in a folder that is removed, and a load of several kinds."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time

CALLBOARD = os.path.abspath(os.environ["CALLBOARD"])
DEADLINE_S = 90


class Never(Exception):
    """What was waited for did not come to be."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(what, look):
    """The first answer of `look` that is not None."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(0.1)
    raise Never(what)


@contextlib.contextmanager
def program(*command, log, env=None):
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=env)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Server:
    def __init__(self, folder, port, key):
        self.folder, self.port, self.key = folder, port, key

    def ask(self, method, path, body=None, headers=(), timeout=30):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json", **dict(headers)}
            connection.request(method, path, body if body is None or isinstance(body, str) else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def run(self, kind, **job_input):
        status, body = self.ask("POST", "/v1/jobs", {"kind": kind, "input": job_input}, {"prefer": "wait=20"})
        return status, json.loads(body)

    def new_key(self, name, role):
        made = subprocess.run(
            [CALLBOARD, "keys", "create", name, "--role", role, "--key-file", self.folder / "key",
             "--server", f"http://127.0.0.1:{self.port}"],
            capture_output=True, text=True, check=True,
        )
        return made.stdout.strip()


@contextlib.contextmanager
def server(**settings):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="callboard-check-"))
    # Programs that give up root must still get in.
    folder.chmod(0o711)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CALLBOARD")}
    env = {**kept, **settings}
    try:
        made = subprocess.run(
            [CALLBOARD, "keys", "bootstrap", "--data-dir", folder / "data"],
            capture_output=True, text=True, check=True, env=env,
        )
        (folder / "key").write_text(made.stdout)
        log = folder / "server.log"
        command = [CALLBOARD, "serve", "--listen", "127.0.0.1:0", "--data-dir", folder / "data", "--log", "error"]
        with program(*command, log=log, env=env) as process:
            def port():
                if process.poll() is not None:
                    raise SystemExit(log.read_text())
                found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", log.read_text())
                return found and int(found[1])
            yield Server(folder, eventually("the server listens", port), made.stdout.strip())
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def load(one):
    """Jobs, lists, refusals and generated answers, until the end."""
    over = threading.Event()
    troubles = []

    def work():
        while not over.is_set():
            try:
                one.run("drill.fanout", tasks=3)
                one.run("market.compare", query="Compare the Sharpe ratios of AMZN and IBM")
                for path in ("/v1/jobs?limit=5", "/v1/kinds", "/v1/jobs/job_none", "/v1/generate/customers?rows=5&seed=1",
                             f"/v1/generate/transactions?rows=5&seed={time.monotonic_ns()}",
                             "/v1/generate/transactions?rows=5000&seed=1"):
                    one.ask("GET", path)
            except OSError as trouble:
                if not over.is_set():
                    troubles.append(trouble)
                    return

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield troubles
    finally:
        over.set()
        worker.join()
