// THE list of pages: one line each. `needs` is the permission without which a page is not offered; `load` brings its file,
// whose `Page` is shown at `#/` and the name.
export const PAGES = [
  { name: "jobs", title: "Jobs", needs: "jobs:read", load: () => import("./pages/jobs.js") },
];
