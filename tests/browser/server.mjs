// A server of its own for each test file, on a temporary directory and a port that stays when it is started again.
import { spawn, execFile } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

/** Time for a server to say where it listens, or to end. */
const START_MS_MAX = 60_000;
const PROGRAM = process.env.PROGRAM;

/** Servers that have not been stopped: whatever ends the tests ends them as well. */
const running = new Set();
process.on("exit", () => {
  for (const { child, directory } of running) {
    child?.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  }
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

export class Server {
  /** `asks` says whether the server asks who calls; `settings` are added to its environment. */
  static async start({ asks = false, settings = {} } = {}) {
    const server = new Server();
    server.directory = await mkdtemp(join(tmpdir(), "callboard-browser-"));
    server.asks = asks;
    server.settings = settings;
    server.listen = "127.0.0.1:0";
    running.add(server);
    if (asks) {
      const made = await promisify(execFile)(PROGRAM, ["keys", "bootstrap", "--data-dir", server.data]);
      server.key = made.stdout.trim();
    }
    await server.run();
    return server;
  }

  get data() {
    return join(this.directory, "data");
  }

  async run() {
    const arguments_ = ["serve", "--listen", this.listen, "--data-dir", this.data, "--log", "warn"];
    if (!this.asks) arguments_.push("--insecure-loopback");
    const child = spawn(PROGRAM, arguments_, { env: { ...process.env, ...this.settings }, stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    this.log = "";
    child.stderr.on("data", (chunk) => (this.log += chunk));
    this.url = await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the server does not start:\n${this.log}`)), START_MS_MAX);
      createInterface({ input: child.stdout }).on("line", (line) => {
        const found = / listening on (http:\S+)/.exec(line);
        if (!found) return;
        clearTimeout(timer);
        resolve(found[1]);
      });
      child.once("exit", (code) => reject(new Error(`the server ended with ${code}:\n${this.log}`)));
    });
    this.listen = new URL(this.url).host;
  }

  /** Ends the process without a chance to say goodbye. */
  async kill() {
    await this.end("SIGKILL");
  }

  async end(signal = "SIGTERM") {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "exit");
    this.child.kill(signal);
    await ended;
  }

  async stop() {
    await this.end("SIGKILL");
    running.delete(this);
    await rm(this.directory, { recursive: true, force: true });
  }

  async ask(method, path, body, headers = {}) {
    const answer = await fetch(this.url + path, {
      method,
      headers: {
        ...(typeof body === "object" ? { "content-type": "application/json" } : {}),
        ...(this.key ? { authorization: `Bearer ${this.key}` } : {}),
        ...headers,
      },
      body: typeof body === "object" ? JSON.stringify(body) : body,
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  /** Submits a job; with `wait` its answer comes when the job has ended. */
  submit(kind, input, { wait, ...rest } = {}) {
    return this.ask("POST", "/v1/jobs", { kind, input, ...rest }, wait ? { prefer: `wait=${wait}` } : {});
  }

  /** Sets a failpoint of the crate `fail`. */
  failpoint(name, action) {
    return this.ask("PUT", `/test/failpoints/${name}`, action);
  }
}
