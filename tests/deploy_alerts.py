"""Prometheus and Alertmanager with the files of deploy/ deliver: only the addresses and the times to wait are other ones."""

import http.server
import json
import pathlib
import re
import tempfile
import threading
import urllib.error
import urllib.request

from deploy_server import eventually, free_port, program

DEPLOY = pathlib.Path("deploy")
PLACEHOLDERS = {"page": "https://pager.example/callboard", "ticket": "https://chat.example/callboard",
                "watchdog": "https://watchdog.example/callboard"}


class Receivers(http.server.ThreadingHTTPServer):
    """Three webhooks that keep what they get."""

    def __init__(self):
        got = self.got = []

        class Webhook(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                got.extend((self.path[1:], one["labels"]["alertname"], one) for one in body["alerts"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Webhook)

    def arrival(self, receiver, alert):
        def look():
            return next((one for at, name, one in self.got if (at, name) == (receiver, alert)), None)
        return eventually(f"{alert} arrives at {receiver}; {[got[:2] for got in self.got]} did", look)


def alertmanager_config(folder, receivers):
    text = (DEPLOY / "alertmanager/alertmanager.yml").read_text()
    addresses = re.findall(r"url: (\S+)", text)
    if sorted(addresses) != sorted(PLACEHOLDERS.values()):
        raise SystemExit(f"receivers are {addresses}: not the addresses that the README says to replace")
    for name, address in PLACEHOLDERS.items():
        text = text.replace(address, f"http://127.0.0.1:{receivers.server_port}/{name}")
    path = folder / "alertmanager.yml"
    path.write_text(re.sub(r"group_(wait|interval): \w+", r"group_\1: 1s", text))
    return path


def prometheus_config(folder, alertmanager, own):
    text = (DEPLOY / "prometheus/prometheus.yml").read_text()
    for was, wanted in {"alertmanager:9093": f"127.0.0.1:{alertmanager}", "127.0.0.1:9090": f"127.0.0.1:{own}",
                        "callboard:7070": f"127.0.0.1:{free_port()}", "/run/secrets/callboard-metrics-key": str(folder / "key"),
                        "_interval: 15s": "_interval: 1s", "scrape_timeout: 10s": "scrape_timeout: 1s",
                        "- rules/*.yml": f"- {(DEPLOY / 'prometheus/rules').resolve()}/*.yml"}.items():
        if was not in text:
            raise SystemExit(f"prometheus.yml has no {was}")
        text = text.replace(was, wanted)
    (folder / "key").write_text("none")
    path = folder / "prometheus.yml"
    path.write_text(text)
    return path


def main():
    with tempfile.TemporaryDirectory(prefix="callboard-check-") as name, Receivers() as receivers:
        threading.Thread(target=receivers.serve_forever, daemon=True).start()
        folder = pathlib.Path(name)
        alertmanager, own = free_port(), free_port()
        manager = ["prometheus-alertmanager", f"--config.file={alertmanager_config(folder, receivers)}",
                   f"--storage.path={folder / 'alerts'}", f"--web.listen-address=127.0.0.1:{alertmanager}",
                   "--cluster.listen-address="]
        prometheus = ["prometheus", f"--config.file={prometheus_config(folder, alertmanager, own)}",
                      f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address=127.0.0.1:{own}", "--log.level=warn",
                      # What it sends before it has found Alertmanager is lost.
                      "--rules.alert.resend-delay=1s"]
        try:
            with program(*manager, log=folder / "alertmanager.log"), program(*prometheus, log=folder / "prometheus.log"):
                examine(receivers, alertmanager, own)
        finally:
            receivers.shutdown()


def examine(receivers, alertmanager, own):
    def fire(name, severity, instance):
        body = [{"labels": {"alertname": name, "severity": severity, "instance": instance}}]
        request = urllib.request.Request(f"http://127.0.0.1:{alertmanager}/api/v2/alerts", json.dumps(body).encode(),
                                         {"content-type": "application/json"})
        urllib.request.urlopen(request, timeout=10).close()

    # By way of Prometheus, its rules and its external label.
    watchdog = receivers.arrival("watchdog", "Watchdog")
    url = watchdog["annotations"]["runbook_url"]
    if not re.fullmatch(r"https://[a-z.]+/docs/runbooks/watchdog\.md", url):
        raise SystemExit(f"the address of a runbook is {url}")

    fire("ServerDown", "page", "one:7070")
    receivers.arrival("page", "ServerDown")
    fire("RequestErrors", "page", "one:7070")
    fire("RequestErrors", "page", "two:7070")
    fire("FileDescriptors", "ticket", "two:7070")
    receivers.arrival("ticket", "FileDescriptors")
    arrived = receivers.arrival("page", "RequestErrors")
    if arrived["labels"]["instance"] != "two:7070":
        raise SystemExit("a server that is down has told of its errors as well")
    scraped = f"http://127.0.0.1:{own}/api/v1/query?query=alertmanager_notifications_failed_total"

    def counted():
        with urllib.request.urlopen(scraped, timeout=10) as answer:
            return json.load(answer)["data"]["result"] or None

    eventually("Prometheus counts what Alertmanager could not deliver", counted)


main()
