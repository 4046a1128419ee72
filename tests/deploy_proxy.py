"""nginx with the configuration of deploy/nginx before a server: answers, streams and websockets come through it as they come."""

import base64
import os
import pathlib
import re
import socket
import ssl
import subprocess

from deploy_expect import expect
from deploy_server import eventually, free_port, load, program, server

WAIT_S = 20


def configure(folder, port):
    """The configuration for this server, these ports and this user."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-keyout", folder / "tls.key", "-out", folder / "tls.crt"],
        check=True, capture_output=True,
    )
    text = pathlib.Path("deploy/nginx/nginx.conf").read_text()
    plain, secure = free_port(), free_port()
    # Debian's nginx cannot look an upstream up anew.
    text = text.replace(" resolve;", ";").replace("callboard:7070", f"127.0.0.1:{port}").replace("/tmp/", f"{folder}/")
    text = re.sub(r"/dev/std\w+", f"{folder}/nginx.log", text).replace("/etc/nginx/tls", str(folder))
    text = text.replace("listen 8080", f"listen 127.0.0.1:{plain}").replace("listen 8443", f"listen 127.0.0.1:{secure}")
    user = "user root;\n" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(user + text)
    subprocess.run(["nginx", "-t", "-c", folder / "nginx.conf"], check=True)
    return plain, secure


class Through:
    """One request over TLS, read as it comes."""

    def __init__(self, port, key, path, *headers):
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        self.line = trusting.wrap_socket(socket.create_connection(("127.0.0.1", port), WAIT_S), server_hostname="localhost")
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {key}", *headers]
        self.line.sendall("\r\n".join([*lines, "", ""]).encode())
        self.read = b""

    def until(self, part):
        while part not in self.read:
            more = self.line.recv(65536)
            if not more:
                raise SystemExit(f"ended without {part!r}: {self.read!r}")
            self.read += more
        return self.read

    def status(self):
        return int(self.until(b"\r\n\r\n").split()[1])


def main():
    with server() as one:
        plain, secure = configure(one.folder, one.port)
        command = ["nginx", "-c", one.folder / "nginx.conf", "-g", "daemon off;"]
        with program(*command, log=one.folder / "out.log"), load(one):
            examine(one, plain, secure)


def examine(one, plain, secure):
    def is_up():
        try:
            return Through(secure, one.key, "/health/ready").status()
        except ConnectionRefusedError:
            return None

    expect("readiness", eventually("nginx listens", is_up), 200)
    expect("a request with a key", Through(secure, one.key, "/v1/kinds").status(), 200)
    expect("a request without a good key", Through(secure, "none", "/v1/kinds").status(), 401)
    expect("metrics from outside", Through(secure, one.key, "/metrics").status(), 404)

    events = Through(secure, one.key, "/v1/stream", "Accept: text/event-stream")
    expect("a stream of events", events.status(), 200)
    events.until(b"job.succeeded")

    nonce = base64.b64encode(os.urandom(16)).decode()
    upgraded = Through(secure, one.key, "/v1/stream", "Connection: Upgrade", "Upgrade: websocket",
                       "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {nonce}")
    expect("a websocket", upgraded.status(), 101)
    upgraded.until(b"job.succeeded")

    _, job = one.run("drill.fanout", tasks=1)
    expect("a job through it", Through(secure, one.key, f"/v1/jobs/{job['id']}").status(), 200)
    with socket.create_connection(("127.0.0.1", plain), WAIT_S) as line:
        line.sendall(b"GET /v1/kinds HTTP/1.0\r\n\r\n")
        expect("plain HTTP", int(line.recv(65536).split()[1]), 308)
    print("answers, events and a websocket come through")


main()
