"""What the schema of workflows does not say: who may write takes actions by commit, the image is built for whatever it holds, and
tests/image under CI does not pass for want of root."""

import fnmatch
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import yaml

from deploy_expect import expect

WORKFLOWS = {path.name: yaml.safe_load(path.read_text()) for path in pathlib.Path(".github/workflows").glob("*.yml")}
COMMIT = re.compile(r"@[0-9a-f]{40}$")
NOBODY = 65534


def pinned():
    writers = 0
    for name, workflow in WORKFLOWS.items():
        for key, job in workflow["jobs"].items():
            allowed = job.get("permissions", workflow["permissions"])
            if not {allowed.get("contents"), allowed.get("packages")} & {"write"}:
                continue
            for step in job.get("steps", []):
                if "uses" in step:
                    writers += 1
                    expect(f"{name}, {key}: {step['uses']} is a commit", bool(COMMIT.search(step["uses"])), True)
    expect("actions of jobs that may write were found", writers > 0, True)


def built_for_what_it_holds():
    # YAML reads the key `on` as true.
    filters = WORKFLOWS["image.yml"][True]["pull_request"]["paths"]
    held = {"Dockerfile", ".dockerignore", "Cargo.toml", "Cargo.lock"}
    for path in pathlib.Path().glob("**/src/**/*.rs"):
        if path.parts[0] not in ("src", "actors", "migrations"):
            continue
        held.add(str(path))
        code = re.split(r"^(?:\s*)#\[cfg\(test\)\]", path.read_text(), maxsplit=1, flags=re.M)[0]
        held |= {os.path.relpath(path.parent / one) for one in re.findall(r'include_(?:str|bytes)!\("(.*?)"\)', code)}
        for folder in re.findall(r'#\[folder = "(.*?)"\]', code):
            held |= {str(one) for one in pathlib.Path(folder).rglob("*") if one.is_file()}
    expect("files of the console are held", any(one.startswith("console/") for one in held), True)
    left_out = [one for one in sorted(held) if not any(fnmatch.fnmatch(one, pattern) for pattern in filters)]
    expect("changes for which no image is built", left_out, [])


def image_without_root():
    with tempfile.TemporaryDirectory(prefix="callboard-check-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        (folder / "tests").mkdir()
        shutil.copy("tests/image", folder / "tests/image")
        (folder / "program").touch()
        sudo = folder / "sudo"
        kept = {name: value for name, value in os.environ.items() if name not in ("CI", "CALLBOARD", "CARGO_TARGET_DIR")}
        as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}

        def image(answer, **env):
            sudo.write_text(f"#!/bin/sh\n{answer}\n")
            sudo.chmod(0o755)
            done = subprocess.run([folder / "tests/image"], text=True, capture_output=True, check=False, cwd=folder, **as_nobody,
                                  env={**kept, **env, "PATH": f"{folder}:{kept['PATH']}", "CALLBOARD": folder / "program"})
            return done.returncode, done.stdout.strip()

        expect("without root", image("exit 1"), (0, "NOT CHECKED: the image, for want of root"))
        expect("without root under CI", image("exit 1", CI="true"), (1, "NOT CHECKED: the image, for want of root"))
        code, said = image('[ "$2" = true ] || echo "as root: $*"', CI="true")
        expect("with sudo", (code, "CI=true" in said, said.endswith(f"{folder}/tests/image")), (0, True, True))


def main():
    pinned()
    built_for_what_it_holds()
    image_without_root()


main()
