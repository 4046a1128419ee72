"""A Prometheus with the rules of deploy/prometheus scrapes a server under load: every metric that a rule or a panel names is
exported with help text, every rule evaluates, and every query of every panel returns a number."""

import json
import pathlib
import re
import urllib.error
import urllib.parse
import urllib.request

from deploy_server import DEADLINE_S, Never, eventually, free_port, load, program, server

DEPLOY = pathlib.Path("deploy")
# Only there where the control group of the process has a bound, and once a result came too late. tests/tidy finds their help.
CONDITIONAL = {"callboard_stale_results_total"}
VARIABLES = {"$instance": ".*", "$__rate_interval": "10s"}


def queries():
    for file in sorted((DEPLOY / "grafana/dashboards").glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel["targets"]:
                query = target["expr"]
                for name, value in VARIABLES.items():
                    query = query.replace(name, value)
                yield f"{file.stem}: {panel['title']}", query


def named():
    """Metrics of the server that rules and panels name; recorded series have a colon in their names."""
    texts = [file.read_text() for file in DEPLOY.glob("prometheus/rules/*.yml")]
    texts += [query for _, query in queries()]
    words = set(re.findall(r"[A-Za-z_:][A-Za-z0-9_:]*", "\n".join(texts)))
    names = {word for word in words if re.match(r"(callboard|process)_", word)}
    return {re.sub(r"_(bucket|count|sum)$", "", name) if name.endswith(("_seconds_bucket", "_seconds_count", "_seconds_sum",
            "_records_count", "_records_sum")) else name for name in names}


def configure(folder, port, key):
    """The configuration of deploy/, quicker, for this server and without Alertmanager."""
    text = (DEPLOY / "prometheus/prometheus.yml").read_text()
    rules = folder / "rules"
    rules.mkdir()
    for file in DEPLOY.glob("prometheus/rules/*.yml"):
        (rules / file.name).write_text(re.sub(r"interval: \d+s", "interval: 1s", file.read_text()))
    (folder / "metrics-key").write_text(key)
    text = re.sub(r"_interval: 15s", "_interval: 1s", text).replace("scrape_timeout: 10s", "scrape_timeout: 1s")
    text = re.sub(r"alerting:\n(  .*\n)+", "", text)
    text = text.replace("/run/secrets/callboard-metrics-key", str(folder / "metrics-key"))
    text = text.replace("callboard:7070", f"127.0.0.1:{port}")
    (folder / "prometheus.yml").write_text(text)
    return folder / "prometheus.yml"


def main():
    redis_port, prometheus_port = free_port(), free_port()
    with server(CALLBOARD_REDIS__URL=f"redis://127.0.0.1:{redis_port}/0") as one, load(one) as troubles:
        redis = ["redis-server", "--port", str(redis_port), "--save", "", "--bind", "127.0.0.1"]
        # One task in twenty panics, so that there are restarts to show.
        armed, _ = one.ask("PUT", "/test/failpoints/perform::drill.runner", "5%panic")
        if armed != 204:
            raise SystemExit("this build of callboard has no failpoints: nothing would be restarted")
        config = configure(one.folder, one.port, one.new_key("prometheus", "viewer"))
        prometheus = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={one.folder / 'tsdb'}",
                      f"--web.listen-address=127.0.0.1:{prometheus_port}", "--log.level=warn"]
        with program(*redis, log=one.folder / "redis.log"), program(*prometheus, log=one.folder / "prometheus.log"):
            examine(one, prometheus_port, troubles)


def examine(one, port, troubles):
    def get(path, **query):
        url = f"http://127.0.0.1:{port}{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def is_number(text):
        return text not in ("NaN", "+Inf", "-Inf")

    pending = dict.fromkeys(queries())
    count = len(pending)

    def answered():
        if troubles:
            raise SystemExit(f"the load ended: {troubles[0]}")
        for title, query in list(pending):
            try:
                series = get("/api/v1/query", query=query)["result"]
            except urllib.error.HTTPError as refused:
                if refused.code == 503:
                    return None
                raise SystemExit(f"{title}: {query}\n{refused.read().decode()}") from None
            except urllib.error.URLError:
                return None
            if any(is_number(sample["value"][1]) for sample in series):
                del pending[title, query]
        return None if pending else True

    try:
        eventually("data", answered)
    except Never:
        left = "\n".join(f"{title}: {query}" for title, query in pending)
        log = (one.folder / "prometheus.log").read_text()
        raise SystemExit(f"within {DEADLINE_S} s these returned nothing:\n{left}\n{log}") from None

    rules = [rule for group in get("/api/v1/rules")["groups"] for rule in group["rules"]]
    broken = [f"{rule['name']}: {rule.get('lastError')}" for rule in rules if rule["health"] != "ok"]
    if broken or not rules:
        raise SystemExit("rules that do not evaluate:\n" + "\n".join(broken))

    text = one.ask("GET", "/metrics")[1].decode()
    helped = {name for name, words in re.findall(r"^# HELP (\S+) (.+)$", text, re.MULTILINE) if words.strip()}
    missing = named() - helped - CONDITIONAL
    if missing:
        raise SystemExit(f"named by a rule or a panel, and not exported with help text: {sorted(missing)}")
    print(f"{count} queries and {len(rules)} rules on {len(named())} metrics")


main()
