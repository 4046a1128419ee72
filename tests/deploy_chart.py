"""The chart as helm renders it, with what is off by default as well, and the plain manifests: each object by the schema of
Kubernetes, what they say of each other, where secrets end up, and that the program takes the settings and makes the key.

Arguments: the version of the schemas. Needs helm and kubectl on the path, and CALLBOARD."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import kubernetes_validate
import yaml

from deploy_expect import expect
from deploy_server import CALLBOARD, eventually, program

CHART = "deploy/helm/callboard"
PLAIN = "deploy/kubernetes"
# Its kind has no schema outside the Prometheus operator.
WITHOUT_SCHEMA = {"ServiceMonitor"}
PASSWORD = "correct-horse"
# Made by whoever installs, not by the manifests.
GIVEN_SECRETS = {"given-store", "given-redis", "given-settings", "given-files", "callboard-metrics-key"}

FILES = {
    "extraEnvFrom": [{"secretRef": {"name": "given-settings"}}],
    "extraVolumes": [{"name": "files", "secret": {"secretName": "given-files"}}],
    "extraVolumeMounts": [{"name": "files", "mountPath": "/etc/callboard", "readOnly": True}],
    "podAnnotations": {"example.org/team": "board"},
    "image": {"repository": "registry.example/callboard", "pullSecrets": [{"name": "pull"}]},
    "nodeSelector": {"disk": "fast"},
    "tolerations": [{"key": "board", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "persistence": {"size": "5Gi", "storageClass": "fast"},
    "networkPolicy": {"extraEgress": [{"to": [{"ipBlock": {"cidr": "10.9.0.0/16"}}], "ports": [{"port": 5432}]}]},
}
OFF_BY_DEFAULT = {
    "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "tls", "annotations": {"a.example/b": "c"}},
    "autoscaling": {"enabled": True},
    "serviceMonitor": {"enabled": True, "tlsConfig": {"serverName": "callboard"}},
    "config": {"CALLBOARD_TLS__CERTIFICATE": "/etc/callboard/tls.crt", "CALLBOARD_TLS__PRIVATE_KEY": "/etc/callboard/tls.key",
               "CALLBOARD_VAULT__ADDRESS": "https://vault.example:8200",
               "CALLBOARD_VAULT__TOKEN": "file:/etc/callboard/token"},
}
URLS = {"store": {"url": f"postgres://u:{PASSWORD}@db/callboard"}, "redis": {"url": f"redis://:{PASSWORD}@cache:6379/0"}}
EXISTING = {"store": {"existingSecret": "given-store", "key": "address"}, "redis": {"existingSecret": "given-redis"}}
BOOTSTRAP = {"replicaCount": 0, "bootstrap": {"enabled": True, "another": True}}
REFUSED = {
    "two pods": {"replicaCount": 2},
    "scaling to two": {"autoscaling": {"enabled": True, "maxReplicas": 2}},
    "a password of Redis in the ConfigMap": {"config": {"CALLBOARD_REDIS__URL": f"redis://:{PASSWORD}@cache"}},
    "an address of the store in the ConfigMap": {"config": {"CALLBOARD_STORE__URL": f"postgres://u:{PASSWORD}@db/b"}},
    "a token of Vault in the ConfigMap": {"config": {"CALLBOARD_VAULT__TOKEN": PASSWORD}},
    "the first key beside a server": {"bootstrap": {"enabled": True}},
    "a value that is not known": {"redis": {"password": PASSWORD}},
    "a rule of the network that is not known": {"networkPolicy": {"egress": []}},
}


def helm(*values):
    command = ["helm", "template", "board", CHART, "--namespace", "there"]
    with tempfile.TemporaryDirectory() as folder:
        for number, some in enumerate(values):
            path = pathlib.Path(folder, f"{number}.json")
            path.write_text(json.dumps(some))
            command += ["--values", path]
        return subprocess.run(command, capture_output=True, text=True, check=False)


def render(*values):
    done = helm(*values)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return done.stdout


def objects(text):
    return [one for one in yaml.safe_load_all(text) if one]


def of_kind(kind, found):
    return [one for one in found if one["kind"] == kind]


def pods(found):
    return [(one, one["spec"]["template"]) for one in found if one["kind"] in ("StatefulSet", "Job")]


def selects(labels, wanted):
    return wanted.items() <= labels.items()


def policy_selects(labels, selector):
    return selects(labels, selector.get("matchLabels", {})) and all(
        rule["operator"] == "In" and labels.get(rule["key"]) in rule["values"] for rule in selector.get("matchExpressions", [])
    )


def restricted(owner, spec):
    """What a namespace that enforces `restricted` asks of a pod."""
    context = spec["securityContext"]
    expect(f"{owner}: runs as root", context["runAsNonRoot"], True)
    expect(f"{owner}: seccomp", context["seccompProfile"], {"type": "RuntimeDefault"})
    expect(f"{owner}: its token", spec["automountServiceAccountToken"], False)
    for container in spec["containers"]:
        context = container["securityContext"]
        expect(f"{owner}: privileges", context["allowPrivilegeEscalation"], False)
        expect(f"{owner}: capabilities", context["capabilities"], {"drop": ["ALL"]})
        expect(f"{owner}: its file system", context["readOnlyRootFilesystem"], True)


def references(owner, spec, claims, found):
    """Whatever a pod names is there or given."""
    made = {(one["kind"], one["metadata"]["name"]) for one in found}
    secrets = {name for kind, name in made if kind == "Secret"} | GIVEN_SECRETS
    keys = {one["metadata"]["name"]: one["stringData"].keys() for one in of_kind("Secret", found)}
    volumes = {volume["name"] for volume in spec.get("volumes", [])} | claims
    for volume in spec.get("volumes", []):
        claim = volume.get("persistentVolumeClaim", {}).get("claimName")
        if claim and ("PersistentVolumeClaim", claim) not in made:
            raise SystemExit(f"{owner}: no claim {claim}")
    for container in spec["containers"]:
        for mount in container["volumeMounts"]:
            if mount["name"] not in volumes:
                raise SystemExit(f"{owner}: no volume {mount['name']}")
        for source in container["envFrom"]:
            name = source.get("configMapRef", {}).get("name")
            if name and ("ConfigMap", name) not in made:
                raise SystemExit(f"{owner}: no ConfigMap {name}")
        for variable in container.get("env", []):
            one = variable["valueFrom"]["secretKeyRef"]
            if not one.get("optional") and one["name"] not in secrets:
                raise SystemExit(f"{owner}: no secret {one['name']}")
            if one["name"] in keys and one["key"] not in keys[one["name"]]:
                raise SystemExit(f"{owner}: no key {one['key']} in the secret {one['name']}")


def settings_are_known(settings):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CALLBOARD")}
    checked = subprocess.run([CALLBOARD, "check-config"], env={**kept, **settings}, capture_output=True, text=True, check=False)
    expect(f"the program takes the settings ({checked.stderr})", checked.returncode, 0)


def examine(found, version):
    settings_are_known(of_kind("ConfigMap", found)[0]["data"])
    for one in found:
        if one["kind"] not in WITHOUT_SCHEMA:
            kubernetes_validate.validate(one, version, strict=True)
        if PASSWORD in json.dumps(one) and one["kind"] != "Secret":
            raise SystemExit(f"{one['kind']} {one['metadata']['name']} shows a password")
    labels = {owner["kind"]: template["metadata"]["labels"] for owner, template in pods(found)}
    for owner, template in pods(found):
        claims = {claim["metadata"]["name"] for claim in owner["spec"].get("volumeClaimTemplates", [])}
        restricted(owner["kind"], template["spec"])
        references(owner["kind"], template["spec"], claims, found)
        for policy in of_kind("NetworkPolicy", found):
            expect(f"the network knows the {owner['kind']}",
                   policy_selects(template["metadata"]["labels"], policy["spec"]["podSelector"]), True)
    for service in of_kind("Service", found):
        expect("the service finds the server", selects(labels["StatefulSet"], service["spec"]["selector"]), True)
        if "Job" in labels:
            expect("the service finds the job", selects(labels["Job"], service["spec"]["selector"]), False)
    for budget in of_kind("PodDisruptionBudget", found):
        expect("the budget finds the server", selects(labels["StatefulSet"], budget["spec"]["selector"]["matchLabels"]), True)
    made = {(one["kind"], one["metadata"]["name"]) for one in found}
    for scaler in of_kind("HorizontalPodAutoscaler", found):
        target = scaler["spec"]["scaleTargetRef"]
        expect("what is scaled is there", (target["kind"], target["name"]) in made, True)
    for ingress in of_kind("Ingress", found):
        backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
        expect("the ingress has its service", ("Service", backend["name"]) in made, True)
    for monitor in of_kind("ServiceMonitor", found):
        service = of_kind("Service", found)[0]
        wanted = monitor["spec"]["selector"]["matchLabels"]
        expect("the monitor finds the service", selects(service["metadata"]["labels"], wanted), True)
        for endpoint in monitor["spec"]["endpoints"]:
            expect("the monitor has a port", endpoint["port"] in [port["name"] for port in service["spec"]["ports"]], True)


def server_of(found):
    return of_kind("StatefulSet", found)[0]["spec"]["template"]


def chart(version):
    templates = {path.name for path in pathlib.Path(CHART, "templates").glob("*.yaml")}
    shown = set()
    for values in ([], [URLS], [EXISTING], [FILES], [OFF_BY_DEFAULT], [FILES, OFF_BY_DEFAULT, EXISTING],
                   [BOOTSTRAP], [BOOTSTRAP, URLS, FILES]):
        text = render(*values)
        shown |= set(re.findall(r"^# Source: callboard/templates/(\S+)$", text, re.M))
        examine(objects(text), version)
    expect("templates that were rendered", shown, templates)

    for what, values in REFUSED.items():
        if helm(values).returncode == 0:
            raise SystemExit(f"the chart takes {what}")

    found = objects(render(URLS))
    secret = of_kind("Secret", found)[0]["stringData"]
    expect("the secret of the chart", secret, {"store-url": URLS["store"]["url"], "redis-url": URLS["redis"]["url"]})
    other = objects(render(URLS, {"redis": {"url": "redis://other"}}))
    expect("another address restarts the server", server_of(found) == server_of(other), False)

    found = objects(render(FILES, OFF_BY_DEFAULT))
    server = server_of(found)
    container = server["spec"]["containers"][0]
    expect("variables", container["envFrom"][1:], FILES["extraEnvFrom"])
    expect("files", [FILES["extraVolumes"][0] in server["spec"]["volumes"],
                     FILES["extraVolumeMounts"][0] in container["volumeMounts"]], [True, True])
    expect("annotations", selects(server["metadata"]["annotations"], FILES["podAnnotations"]), True)
    rules = of_kind("NetworkPolicy", found)[0]["spec"]["egress"]
    expect("the network lets out", FILES["networkPolicy"]["extraEgress"][0] in rules, True)
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        expect(f"{probe} with TLS", container[probe]["httpGet"]["scheme"], "HTTPS")
    expect("scrapes with TLS", of_kind("ServiceMonitor", found)[0]["spec"]["endpoints"][0]["scheme"], "https")

    found = objects(render(BOOTSTRAP))
    claim = of_kind("PersistentVolumeClaim", found)[0]
    expect("the claim stays", claim["metadata"]["annotations"]["helm.sh/resource-policy"], "keep")
    claim_is_the_servers(found)
    first_key(objects(render({"replicaCount": 0, "bootstrap": {"enabled": True}})))


def claim_is_the_servers(found):
    server, claim = of_kind("StatefulSet", found)[0], of_kind("PersistentVolumeClaim", found)[0]
    template = server["spec"]["volumeClaimTemplates"][0]
    expect("the claim's name", claim["metadata"]["name"], f"{template['metadata']['name']}-{server['metadata']['name']}-0")
    expect("what it asks for", claim["spec"], template["spec"])


def first_key(found):
    """The job's own command with its own settings makes a key that the server of the same settings knows."""
    settings = of_kind("ConfigMap", found)[0]["data"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CALLBOARD")}
    job, server = of_kind("Job", found)[0]["spec"]["template"]["spec"], server_of(found)["spec"]
    with tempfile.TemporaryDirectory(prefix="callboard-check-") as folder:
        env = {**kept, **settings, "CALLBOARD_STORE__DATA_DIR": f"{folder}/data"}
        # As `kubectl logs` has it: both streams in one.
        command = [CALLBOARD, *job["containers"][0]["args"]]
        logged = subprocess.run(command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True).stdout
        keys = re.findall(r"^cb_.*$", logged, re.M)
        expect("keys in the log", len(keys), 1)
        pathlib.Path(folder, "key").write_text(keys[0])
        again = subprocess.run(command, env=env, capture_output=True, check=False)
        expect("a second run makes no key", (again.returncode != 0, again.stdout), (True, b""))

        log = pathlib.Path(folder, "log")
        serve = [CALLBOARD, *server["containers"][0]["args"], "--listen", "127.0.0.1:0"]
        with program(*serve, log=log, env=env) as process:
            def address():
                if process.poll() is not None:
                    raise SystemExit(log.read_text())
                listening = re.search(r"listening on (http://127\.0\.0\.1:\d+)", log.read_text())
                return listening and listening[1]

            def ask(*arguments):
                done = subprocess.run(
                    [CALLBOARD, "keys", *arguments, "--key-file", f"{folder}/key", "--server", eventually("it listens", address)],
                    env=kept, text=True, capture_output=True, check=False)
                return done.returncode, done.stdout

            code, listed = ask("list", "--json")
            expect("the key is an admin's", code, 0)
            code, fresh = ask("rotate", re.search(r"key_[0-9a-f-]+", listed)[0], "--overlap", "0")
            expect("it takes a new secret", code, 0)
            expect("the old one is refused", ask("list")[0] != 0, True)
            pathlib.Path(folder, "key").write_text(fresh)
            expect("the new one is taken", ask("list")[0], 0)


def plain(version):
    kustomized = subprocess.run(["kubectl", "kustomize", PLAIN], capture_output=True, text=True, check=True).stdout
    found = objects(kustomized)
    for path in pathlib.Path(PLAIN).glob("*.yaml"):
        some = [one for one in objects(path.read_text()) if one["kind"] != "Kustomization"]
        missing = [one for one in some if one not in found]
        found += missing
        expect(f"{path.name} is in the kustomization", not missing, path.name not in ("bootstrap.yaml", "monitor.yaml"))
    examine(found, version)
    claim_is_the_servers(found)
    job, server = of_kind("Job", found)[0]["spec"]["template"]["spec"], server_of(found)["spec"]
    expect("the job's image", job["containers"][0]["image"], server["containers"][0]["image"])
    expect("its place for secrets", {volume["name"] for volume in server["volumes"]} >= {"files"}, True)
    first_key(found)


def main():
    version = sys.argv[1]
    chart(version)
    plain(version)


main()
