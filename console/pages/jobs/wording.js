// What jobs wait for, in words.
import { moment, words } from "../../lib/format.js";

/** `waiting_for` of a job in a few words. */
export function waitingWords(waiting) {
  const until = waiting.until ? ` until ${moment(waiting.until)}` : "";
  const said = {
    timer: () => `for a timer${until}`,
    approval: () => `for an approval${until}`,
    signal: () => `for the signal ${waiting.name}${until}`,
    unknown_outcome: () => "for the outcome of an effect",
    operator: () => "for an operator",
    paused: () => "paused",
  }[waiting.reason];
  return said ? said() : words(waiting.reason);
}
