"""deploy/scripts/release in a clone of this repository, and what release.yml asks of a commit before it runs it: the step's own
shell with a `gh` that answers as told."""

import json
import os
import pathlib
import re
import stat
import subprocess
import tempfile

import yaml

from deploy_expect import expect

VERSION = "97.98.99"
WRITTEN = {"CHANGELOG.md", "Cargo.lock", "Cargo.toml", "Dockerfile", "deploy/compose/compose.yml",
           "deploy/helm/callboard/Chart.yaml", "deploy/kubernetes/bootstrap.yaml", "deploy/kubernetes/statefulset.yaml"}
GATE = "The commit has passed its checks"
REFUSED, USAGE = 1, 2


def workflow(name):
    return yaml.safe_load(pathlib.Path(".github/workflows", name).read_text())


def in_a_clone(clone):
    def git(*arguments):
        named = ["-c", "user.name=check", "-c", "user.email=check@callboard.example"]
        return subprocess.run(["git", *named, *arguments], cwd=clone, capture_output=True, text=True, check=True).stdout

    def release(*arguments):
        done = subprocess.run(["deploy/scripts/release", *arguments], cwd=clone, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def read(path):
        return (clone / path).read_text()

    before = yaml.safe_load(read("deploy/helm/callboard/Chart.yaml"))["version"]
    changelog = clone / "CHANGELOG.md"
    line = "- A line of this release."
    changelog.write_text(re.sub(r"^## Unreleased\n", f"## Unreleased\n\n{line}\n", changelog.read_text(), count=1, flags=re.M))
    git("commit", "--all", "--message", "Say something of the release")
    head = git("rev-parse", "HEAD")

    expect("no version", release()[0], USAGE)
    expect("a version with a v", release(f"v{VERSION}")[0], USAGE)
    code, said = release(VERSION)
    expect(f"a release ({said})", code, 0)
    expect("files written", set(git("diff", "--name-only").split()), WRITTEN)
    expect("what is committed", (git("rev-parse", "HEAD"), git("tag", "--list", f"*{VERSION}*")), (head, ""))

    chart = yaml.safe_load(read("deploy/helm/callboard/Chart.yaml"))
    expect("the chart", (chart["version"], chart["appVersion"]), (VERSION, VERSION))
    expect("the manifest", re.search(r'\[workspace\.package\][^\[]*?^version = "(.*)"', read("Cargo.toml"), re.M)[1], VERSION)
    expect("the lock file", re.search(r'name = "callboard"\nversion = "(.*)"', read("Cargo.lock"))[1], VERSION)
    images = [match for path in WRITTEN for match in re.findall(r"callboard:(\d+\.\d+\.\d+)", read(path)) if path != "CHANGELOG.md"]
    expect("images", set(images), {VERSION})
    for path in WRITTEN - {"CHANGELOG.md", "Cargo.lock", "Cargo.toml"}:
        expect(f"{path} has the version before", before in read(path), False)
    # As release.yml takes the notes.
    script = workflow("release.yml")["jobs"]["publish"]["steps"][-1]["run"].splitlines()[0].replace("> notes", "")
    notes = subprocess.run(["bash", "-ec", script], cwd=clone, env={**os.environ, "VERSION": VERSION},
                           capture_output=True, text=True, check=True).stdout
    expect("the notes", line in notes and "## " not in notes, True)
    subprocess.run(["cargo", "metadata", "--locked", "--offline", "--format-version", "1"], cwd=clone, check=True,
                   capture_output=True)

    expect("a tree with changes", release("97.98.100")[0], REFUSED)
    git("commit", "--all", "--message", f"Release {VERSION}")
    code, said = release("97.98.100")
    expect("a changelog that says nothing", (code, "says nothing" in said, git("status", "--porcelain")), (REFUSED, True, ""))


def run(name, conclusion, at, app="github-actions"):
    return {"name": name, "conclusion": conclusion, "started_at": f"2026-01-01T00:00:0{at}Z", "app": {"slug": app}}


def gate(folder):
    steps = workflow("release.yml")["jobs"]["prepare"]["steps"]
    place, step = next((place, step) for place, step in enumerate(steps) if step.get("name") == GATE)
    release = next(number for number, one in enumerate(steps) if "deploy/scripts/release" in one.get("run", ""))
    expect("the gate is before the release", place < release, True)
    names = re.findall(r'"([^"]+)"', re.search(r"\((\".*\")\) as \$name", step["run"])[1])
    known = {job.get("name", key) for name in ("ci.yml", "security.yml") for key, job in workflow(name)["jobs"].items()}
    expect("names that are no jobs", set(names) - known, set())
    expect("the job of the tests is asked for", {job["name"] for job in workflow("ci.yml")["jobs"].values()} <= set(names), True)

    fake = folder / "gh"
    fake.write_text('#!/bin/sh\ncat "$ANSWERS"\n')
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    answers = folder / "answers"
    env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "ANSWERS": answers, "GITHUB_REPOSITORY": "a/b",
           "GITHUB_SHA": "c"}

    def green_enough():
        return subprocess.run(["bash", "-e", "-c", step["run"]], env=env, capture_output=True, check=False).returncode == 0

    def passes(*pages):
        answers.write_text("".join(json.dumps({"check_runs": page}) for page in pages))
        return green_enough()

    green = [run(name, "success", 1) for name in names]
    expect("a green commit", passes(green), True)
    expect("on two pages", passes(green[:2], green[2:]), True)
    expect("a commit without checks", passes([]), False)
    for name in names:
        rest = [one for one in green if one["name"] != name]
        expect(f"{name} failed", passes([*rest, run(name, "failure", 1)]), False)
        expect(f"{name} is under way", passes([*rest, run(name, None, 1)]), False)
        expect(f"{name} is missing", passes(rest), False)
        expect(f"{name} passed when run again", passes([*green, run(name, "failure", 0)]), True)
        expect(f"{name} failed when run again", passes([*green, run(name, "failure", 2)]), False)
        expect(f"{name} by somebody else", passes([*rest, run(name, "success", 1, app="other")]), False)
    answers.unlink()
    expect("no answer", green_enough(), False)


def main():
    with tempfile.TemporaryDirectory(prefix="callboard-check-") as name:
        folder = pathlib.Path(name)
        gate(folder)
        subprocess.run(["git", "clone", "--quiet", ".", folder / "clone"], check=True)
        in_a_clone(folder / "clone")


main()
