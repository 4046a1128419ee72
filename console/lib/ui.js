// What pages are written with. The versions of libraries stand in vendor/renew and where one is imported: here, layers.js, chart.js.
import { Fragment, cloneElement, createElement, isValidElement, render } from "../vendor/preact-11.2.0/preact.js";
import htm from "../vendor/htm-3.1.1/htm.js";

export const html = htm.bind(createElement);
export { Fragment, cloneElement, isValidElement, render };
export { useCallback, useEffect, useId, useMemo, useRef, useState } from "../vendor/preact-11.2.0/hooks.js";
export { batch, computed, effect, signal, untracked, useComputed, useSignal, useSignalEffect } from "../vendor/signals-2.11.4/signals.js";
