"""The compose part of deploy/scripts/deploy, with a `docker` that keeps images and containers in a file: it runs the program for
what runs in a container, with folders for volumes. A server that is never ready, one that dies, and the way back."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from deploy_expect import expect

DEPLOYED, UNCHANGED, ROLLED_BACK, LOST = 0, 1, 3, 4
KEPT_BACKUPS = 10

DOCKER = """#!/usr/bin/env python3
import json, os, pathlib, subprocess, sys

place = pathlib.Path(os.environ["DOCKER_PLACE"])
state = json.loads((place / "state").read_text())

def keep():
    (place / "state").write_text(json.dumps(state))

def volume(name):
    path = pathlib.Path(name) if name.startswith("/") else place / "volumes" / name
    if not path.is_dir():
        sys.exit(f"no volume {name}")
    return str(path)

def run(image, options, words):
    # The program with the paths of the container put where its volumes are.
    mounts, env = {}, {"PATH": os.environ["PATH"]}
    for option, value in options:
        if option == "--volume":
            name, target = value.split(":")[:2]
            mounts[target] = volume(name)
        elif option == "--env":
            name, value = value.split("=", 1)
            env[name] = value
    def placed(text):
        for target, path in mounts.items():
            text = text.replace(target, path)
        return text
    words = [placed(word) for word in words]
    if words[0] == "migrate" and image in state["refuses"]:
        sys.exit("the schema is newer than this program")
    env = {name: placed(value) for name, value in env.items()}
    # There is no PostgreSQL here: that each step has the address of the scratch database is what is checked.
    if words[0] == "move":
        state["moved_to"] = [words[words.index("--to") + 1], dict(options)["--network"]]
        keep()
        sys.exit(0)
    if url := env.get("CALLBOARD_STORE__URL"):
        text = pathlib.Path(url.removeprefix("file:")).read_text().strip()
        state["migrated"].append([image, [text, dict(options)["--network"]] == state["moved_to"]])
        keep()
        sys.exit(0)
    temporary = place / "tmp"
    words = [word.replace("/tmp/candidate", str(temporary / "candidate")) for word in words]
    sys.exit(subprocess.run([os.environ["CALLBOARD"], *words], env=env).returncode)

def options_of(words, single):
    found, words = [], list(words)
    while words and words[0].startswith("-"):
        option = words.pop(0)
        found.append((option, None if option in single else words.pop(0)))
    return found, words

def healthy():
    return state["image"] not in state["sick"]

words = sys.argv[1:]
match words:
    case ["image", "inspect", image]:
        sys.exit(0 if image in state["images"] else 1)
    case ["pull", image]:
        sys.exit(f"no image {image}")
    case ["inspect", "--format", wanted, container]:
        if "Networks" in wanted:
            print("project_inside\\nproject_watch")
            sys.exit(0)
        if not container:
            sys.exit("no container")
        print(state["image"])
    case ["volume", "create", name]:
        (place / "volumes" / name).mkdir()
    case ["volume", "rm", name]:
        subprocess.run(["rm", "-r", volume(name)], check=True)
    case ["run", *rest]:
        options, (image, *rest) = options_of(rest, {"--rm", "--read-only"})
        run(image, options, rest)
    case ["compose", "-f", file, *rest]:
        image = os.environ.get("CALLBOARD_IMAGE", "of-the-file")
        match rest:
            case ["config", "--quiet"]:
                pass
            case ["ps", "-q", service]:
                if service in state["services"]:
                    print(f"container-of-{service}")
            case ["run", *rest]:
                options, (_, *rest) = options_of(rest, {"--rm", "--no-deps", "-T"})
                data = [("--volume", "data:/var/lib/callboard"), ("--env", "CALLBOARD_STORE__DATA_DIR=/var/lib/callboard")]
                run(image, [*options, *data], rest)
            case ["exec", "-T", "callboard", "callboard", "health"]:
                sys.exit(0 if healthy() else 1)
            case ["exec", "-T", "nginx", "curl", *_]:
                state["asked_through_nginx"] += 1
                keep()
                sys.exit(0 if healthy() and state["image"] not in state["unseen"] else 22)
            case ["exec", "-T", "postgres", "createdb", "-U", "callboard", name]:
                state["databases"].append(name)
                keep()
            case ["exec", "-T", "postgres", "dropdb", "-U", "callboard", "--if-exists", "--force", name]:
                state["databases"].remove(name)
                keep()
            case ["up", "--detach", "--no-deps", "--wait", "--wait-timeout", _, "callboard"]:
                state["image"] = image
                keep()
                sys.exit(1 if image in state["never_ready"] else 0)
            case _:
                sys.exit(f"docker compose: {rest}")
    case _:
        sys.exit(f"docker: {words}")
"""


def main():
    place = pathlib.Path(tempfile.mkdtemp(prefix="callboard-check-"))
    try:
        examine(place)
    finally:
        shutil.rmtree(place)


def examine(place):
    callboard = os.path.abspath(os.environ["CALLBOARD"])
    for folder in ("bin", "volumes/data", "project", "tmp"):
        (place / folder).mkdir(parents=True)
    docker = place / "bin/docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    images = ["one", "two", "never-ready", "sick", "unseen", "three"]
    state = {
        "image": "one", "images": images, "services": ["callboard", "nginx"], "asked_through_nginx": 0,
        "never_ready": ["never-ready"], "sick": ["sick", "never-ready"], "unseen": ["unseen"], "refuses": [],
        "databases": [], "migrated": [], "moved_to": None,
    }
    (place / "state").write_text(json.dumps(state))
    compose = place / "project/compose.yml"
    compose.write_text("services: {callboard: {}}\n")
    (place / "project/.env").write_text("CALLBOARD_HTTPS_PORT=9443\n")
    env = {name: value for name, value in os.environ.items() if not name.startswith("CALLBOARD")}
    subprocess.run([callboard, "migrate", "--data-dir", place / "volumes/data"], env=env, check=True, stdout=subprocess.DEVNULL)
    env |= {"PATH": f"{place}/bin:{env['PATH']}", "DOCKER_PLACE": str(place), "CALLBOARD": callboard}

    def deploy(wanted, *arguments):
        command = ["deploy/scripts/deploy", *arguments, "--compose", compose]
        done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
        if done.returncode != wanted:
            raise SystemExit(f"{arguments}: exit code {done.returncode}, not {wanted}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def now():
        return json.loads((place / "state").read_text())

    def change(**changes):
        (place / "state").write_text(json.dumps(now() | changes))

    def kept():
        return (place / "project/.env").read_text()

    def left():
        return [path.name for path in (place / "volumes").iterdir()]

    backups = place / "project/backups"
    for number in range(KEPT_BACKUPS):
        (backups / f"2020010{number}T000000Z").mkdir(parents=True)
    deploy(DEPLOYED, "--image", "two", "--watch", "0")
    expect("the image that serves", now()["image"], "two")
    expect("nginx was asked", now()["asked_through_nginx"] > 0, True)
    expect("what a later `up` starts", kept(), "CALLBOARD_HTTPS_PORT=9443\nCALLBOARD_IMAGE=two\n")
    expect("volumes", left(), ["data"])
    found = sorted(path.name for path in backups.iterdir())
    expect("backups", (len(found), found[0]), (KEPT_BACKUPS, "20200101T000000Z"))
    expect("the backup", (backups / found[-1] / "backup").stat().st_size > 0, True)

    for image in ("never-ready", "sick", "unseen"):
        deploy(ROLLED_BACK, "--image", image, "--watch", "0")
        expect(f"after {image}", (now()["image"], "CALLBOARD_IMAGE=two\n" in kept()), ("two", True))
    deploy(UNCHANGED, "--image", "none")
    change(refuses=["two"])
    said = deploy(UNCHANGED, "--image", "three")
    expect("a schema without a way back", "refuses the migrated schema" in said, True)
    expect("after a schema without a way back", (now()["image"], left()), ("two", ["data"]))

    # A server that is not ready cannot be asked, and must not be for the way back.
    change(image="sick", refuses=[])
    deploy(UNCHANGED, "--image", "three")
    deploy(DEPLOYED, "rollback", "--image", "one")
    expect("after a rollback by hand", (now()["image"], "CALLBOARD_IMAGE=one\n" in kept()), ("one", True))

    # A store in the PostgreSQL of the project is rehearsed in a database of its own there.
    (place / "project/secrets").mkdir()
    (place / "project/secrets/store-url").write_text("postgres://callboard:secret@postgres/callboard")
    change(services=["callboard", "postgres"])
    deploy(DEPLOYED, "--image", "three", "--watch", "0")
    database, network = now()["moved_to"]
    expect("the scratch database", (database.rpartition("/")[0], network), ("postgres://callboard:secret@postgres", "project_inside"))
    expect("its name", database.rpartition("/")[2].startswith("rehearsal_"), True)
    expect("migrated there", now()["migrated"], [["three", True], ["one", True]])
    expect("what is left", (now()["databases"], left(), [*backups.glob("*/store-url")]), ([], ["data"], []))

    deploy(LOST, "rollback", "--image", "never-ready")
    print(f"an image deployed, three rolled back, one put back by hand, {now()['asked_through_nginx']} questions through nginx")


if __name__ == "__main__":
    sys.exit(main())
