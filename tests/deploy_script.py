"""deploy/scripts/deploy with real processes: a first program, another, one that does not serve, two that die, and the way back.
Jobs that were acknowledged are there all the time. Then a server with TLS."""

import fcntl
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import urllib.request

from deploy_expect import expect
from deploy_server import CALLBOARD, eventually, free_port

SCRIPT = "deploy/scripts/deploy"
DEPLOYED, UNCHANGED, ROLLED_BACK = 0, 1, 3


def main():
    place = pathlib.Path(tempfile.mkdtemp(prefix="callboard-check-"))
    try:
        examine(place, free_port())
        examine_tls(place, free_port())
    finally:
        for pid in place.glob("*/pid"):
            end(pid.read_text().strip())
        shutil.rmtree(place)


def end(pid):
    if pid != str(os.getpid()):
        subprocess.run(["kill", pid], check=False, stderr=subprocess.DEVNULL)
        eventually("the server ends", lambda: None if pathlib.Path(f"/proc/{pid}").exists() else True)


def deploying(site, port):
    """The script for a site: called with the exit code that is expected, it answers with what was said."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("CALLBOARD")}

    def deploy(wanted, *arguments):
        command = [SCRIPT, *arguments, "--dir", site, "--listen", f"127.0.0.1:{port}"]
        done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
        if done.returncode != wanted:
            raise SystemExit(f"{arguments}: exit code {done.returncode}, not {wanted}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    return deploy


def examine(place, port):
    site = place / "site"
    site.mkdir()
    (site / "callboard.toml").write_text("[auth]\ninsecure_loopback = true\n")
    deploy = deploying(site, port)

    def program(name, serve):
        """The program, but that serving the site does `serve`."""
        path = place / name
        path.write_text(f'#!/bin/sh\ncase "$*" in "serve --listen fd:3"*) {serve} ;; esac\nexec {CALLBOARD} "$@"\n')
        path.chmod(0o755)
        return path

    def ask(path, body=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}", body and json.dumps(body).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def current():
        return os.path.realpath(site / "current")

    # A process that has nothing to do with it: under the number in the file, and on the port.
    (site / "pid").write_text(f"{os.getpid()}\n")
    with socket.create_server(("127.0.0.1", port)):
        said = deploy(UNCHANGED, "--program", CALLBOARD)
        expect("on a port of another's", "is answered by a process" in said, True)
    held = os.open(site, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    said = deploy(UNCHANGED, "--program", CALLBOARD)
    expect("beside another deployment", "another deployment" in said, True)
    os.close(held)

    deploy(DEPLOYED, "--program", CALLBOARD, "--watch", "0")
    first = current()
    jobs = [ask("/v1/jobs", {"kind": "drill.fanout", "input": {"tasks": 2, "wait_ms": 200}})["id"] for _ in range(20)]

    # A link of another name is a program of its own.
    said = deploy(DEPLOYED, "--program", program("second", ":"), "--watch", "0")
    second = current()
    expect("the program that serves", second != first, True)
    expect("the schema has a way back", "can go on with the migrated schema" in said, True)
    gap = re.search(r"ready (\d+) ms after", said)

    deploy(UNCHANGED, "--program", place / "none")
    expect("after a program that is none", current(), second)
    deploy(ROLLED_BACK, "--program", program("never-serves", "exit 1"), "--watch", "0")
    expect("after a program that never serves", current(), second)
    dies = program("dies", f'exec timeout 3 {CALLBOARD} "$@"')
    deploy(ROLLED_BACK, "--program", dies, "--watch", "30")
    expect("after a program that dies", current(), second)

    once = f'[ -e {place}/lived ] || {{ touch {place}/lived; exec timeout 3 {CALLBOARD} "$@"; }}; exit 1'
    deploy(ROLLED_BACK, "--program", program("dies-for-good", once), "--watch", "30")
    expect("after a program that dies for good", current(), second)
    expect("and what serves", ask("/v1/kinds") != [], True)

    said = deploy(DEPLOYED, "rollback")
    expect("after a rollback by hand", current(), first)
    back = re.search(r"rolled back after (\d+) ms", said)

    def states():
        found = [ask(f"/v1/jobs/{job}")["state"] for job in jobs]
        return found if all(state == "succeeded" for state in found) else None

    eventually("every job succeeds", states)
    print(f"deployed in {gap[1]} ms, rolled back in {back[1]} ms, {len(jobs)} jobs succeeded")


def examine_tls(place, port):
    """A server that speaks TLS, under a certificate of another name."""
    site = place / "secure"
    site.mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=board.example",
         "-keyout", site / "tls.key", "-out", site / "tls.crt"],
        check=True, capture_output=True,
    )
    tls = f'[tls]\ncertificate = "{site}/tls.crt"\nprivate_key = "{site}/tls.key"\n'
    (site / "callboard.toml").write_text(f"[auth]\ninsecure_loopback = true\n{tls}")
    deploy = deploying(site, port)
    deploy(DEPLOYED, "--program", CALLBOARD, "--watch", "0")
    deploy(DEPLOYED, "--program", CALLBOARD, "--watch", "1")
    expect("what is said of it", deploy(DEPLOYED, "status").endswith("ready\n"), True)
    print("deployed and replaced with TLS")


main()
