// THE list of pages: one line each. `needs` is the permission without which a page is not offered; `load` brings its file,
// whose `Page` is shown at `#/` and the name.
export const PAGES = [
  { name: "jobs", title: "Jobs", needs: "jobs:read", load: () => import("./pages/jobs.js") },
  { name: "supervision", title: "Supervision", needs: "metrics:read", load: () => import("./pages/supervision.js") },
  { name: "approvals", title: "Approvals", needs: "jobs:read", load: () => import("./pages/approvals.js") },
  { name: "effects", title: "Effects", needs: "jobs:read", load: () => import("./pages/effects.js") },
  { name: "audit", title: "Audit", needs: "audit:read", load: () => import("./pages/audit.js") },
  { name: "usage", title: "Usage", needs: "jobs:read", load: () => import("./pages/usage.js") },
  { name: "health", title: "Health", needs: "metrics:read", load: () => import("./pages/health.js") },
  { name: "keys", title: "Keys and roles", needs: "keys:manage", load: () => import("./pages/keys.js") },
];
