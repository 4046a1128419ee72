"""A launcher in a folder of its own, with releases that a link names, for drills."""

import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

START_MAX_S = 60
REPLACE_MAX_S = 180
LOOK_EVERY_S = 0.01
# Settings of the configuration are taken from the environment, such as CALLBOARD_STORE__URL, a PostgreSQL to run on.
SETTING = re.compile("CALLBOARD_.+__")


class Process:
    """A program whose lines are kept."""

    def __init__(self, command, folder):
        settings = {name: value for name, value in os.environ.items() if SETTING.match(name)}
        environment = settings | {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "CALLBOARD_LOG__FILTER": "warn,callboard::shutdown=info",
        }
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=folder
        )
        self.lines, self.printed = [], []
        for pipe, keeps in ((self.process.stdout, [self.lines, self.printed]), (self.process.stderr, [self.lines])):
            threading.Thread(target=self._keep, args=(pipe, keeps), daemon=True).start()

    @staticmethod
    def _keep(pipe, keeps):
        for line in pipe:
            for kept in keeps:
                kept.append(line.rstrip())

    def heard(self, words, since=0):
        return next((line for line in self.lines[since:] if words in line), None)

    def says(self, words, patience_s, since=0):
        """The first line with `words` after the first `since` lines."""
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            if line := self.heard(words, since):
                return line
            if self.process.poll() is not None and not self.heard(words, since):
                break
            time.sleep(LOOK_EVERY_S)
        raise SystemExit(f"FAILED: nobody said `{words}`:\n" + "\n".join(self.lines))

    def ended(self, patience_s):
        return self.process.wait(patience_s)

    def output(self):
        return "\n".join(self.printed)


class Launcher(Process):
    def __init__(self, program, *options):
        self._folder = tempfile.TemporaryDirectory(prefix="callboard-drill-")
        self.folder = Path(self._folder.name)
        self.program = str(Path(program).resolve())
        for name in ("release-1", "release-2"):
            os.symlink(self.program, self.folder / name)
        self.switch("release-1")
        super().__init__(
            [self.program, "launch", "--listen", "127.0.0.1:0", "--program", str(self.folder / "current"), *options, "--",
             "--insecure-loopback", "--data-dir", str(self.folder / "data")],
            self.folder,
        )

    def __enter__(self):
        self.url = self.says(" listening on ", START_MAX_S).split(" listening on ")[1]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        code = self.process.wait(REPLACE_MAX_S)
        self._folder.cleanup()
        if code != 0:
            print(f"the launcher ended with {code}:\n" + "\n".join(self.lines))

    def beside(self, *arguments):
        return Process([self.program, *arguments], self.folder)

    def release(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)

    def switch(self, release):
        """Has the link name another release, in one step."""
        fresh = self.folder / "next"
        fresh.symlink_to(self.folder / release)
        fresh.rename(self.folder / "current")

    def order(self):
        self.process.send_signal(signal.SIGHUP)

    def replace(self, words):
        """Orders a replacement and waits until the launcher says `words` of it."""
        since = len(self.lines)
        self.order()
        return self.says(words, REPLACE_MAX_S, since)
