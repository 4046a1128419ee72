// What a person finds out about an effect whose outcome is unknown: each with its `label`, the `question` that is asked first, the
// `body` that POST /v1/effects/{id}/resolve takes, made of the answer, and what is `said` when it is done.

const reason = { label: "Reason", required: false };
const withReason = (answer) => (answer.reason ? { reason: answer.reason } : {});

export const RESOLUTIONS = [
  {
    label: "It took place",
    question: { title: "The effect took place?", text: "The task succeeds with this product.", action: "It took place", reason, json: { label: "Product of the task, as JSON", text: "null" } },
    body: (answer) => ({ outcome: "succeeded", product: answer.json, ...withReason(answer) }),
    said: "The effect is resolved.",
  },
  {
    label: "Run it again",
    question: { title: "The effect did not take place?", text: "The task is run again, and its effect with it.", action: "Run it again", danger: true, reason },
    body: (answer) => ({ outcome: "again", ...withReason(answer) }),
    said: "The task runs again.",
  },
  {
    label: "It failed",
    question: { title: "The effect failed?", text: "The task fails.", action: "It failed", danger: true, reason },
    body: (answer) => ({ outcome: "failed", ...withReason(answer) }),
    said: "The effect is resolved.",
  },
];
