/**
 * Keeps an open page up to date: follows the server's events and changes only what differs, so that focus, selection,
 * scroll positions and opened details stay. Runs in the browser: its text becomes a part of the page, so it must not
 * refer to anything outside.
 */
export function followPage(): void {
  const HIDDEN_MAX_MS = 30_000;
  const TYPING_MS = 250;
  const main = document.querySelector("main");
  const status = document.getElementById("live");
  if (main === null || status === null) return;
  let events: EventSource | undefined;
  let state = main.dataset["state"] ?? "";
  let hiddenTimer: ReturnType<typeof setTimeout> | undefined;
  let typingTimer: ReturnType<typeof setTimeout> | undefined;

  const show = (kind: "live" | "lost" | "stopped", text: string) => {
    if (status.textContent !== text) status.textContent = text;
    status.className = { live: "badge good", lost: "badge warn", stopped: "badge bad" }[kind];
  };

  /** The connection may be fine while AWS cannot be read. */
  const showLive = () => {
    const isStale = main.querySelector("#faults.bad") !== null;
    show(isStale ? "lost" : "live", isStale ? "not up to date" : "live");
  };

  const keyOf = (node: Node): string =>
    node instanceof Element
      ? `${node.nodeName} ${node.id || (node.getAttribute("data-key") ?? "")}`
      : node.nodeName;
  const isKeyed = (node: Node): boolean =>
    node instanceof Element && (node.id !== "" || node.hasAttribute("data-key"));

  function patch(from: Node, to: Node): void {
    if (!(from instanceof Element) || !(to instanceof Element)) {
      if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
      return;
    }
    for (const { name } of [...from.attributes]) {
      const isOpened = name === "open" && from.nodeName === "DETAILS"; // by the reader
      if (!isOpened && !to.hasAttribute(name)) from.removeAttribute(name);
    }
    for (const { name, value } of [...to.attributes]) {
      if (from.getAttribute(name) !== value) from.setAttribute(name, value);
    }
    patchChildren(from, to);
  }

  function patchChildren(from: Element, to: Element): void {
    const keyed = new Map([...from.children].filter(isKeyed).map((child) => [keyOf(child), child]));
    let next: ChildNode | null = from.firstChild;
    for (const wanted of [...to.childNodes]) {
      const found = isKeyed(wanted) ? keyed.get(keyOf(wanted)) : next;
      if (found === null || found === undefined || keyOf(found) !== keyOf(wanted)) {
        from.insertBefore(wanted, next);
        continue;
      }
      if (found === next) next = next.nextSibling;
      else from.insertBefore(found, next);
      patch(found, wanted);
    }
    while (next !== null) {
      const after: ChildNode | null = next.nextSibling;
      next.remove();
      next = after;
    }
  }

  interface Change {
    title: string;
    order: string[];
    changed: { id: string; html: string }[];
  }

  function apply({ title, order, changed }: Change): void {
    document.title = title;
    const parsed = new Map(
      changed.map(({ id, html }) => {
        const template = document.createElement("template");
        template.innerHTML = html;
        return [id, template.content.firstElementChild] as const;
      }),
    );
    for (const panel of [...(main?.children ?? [])]) if (!order.includes(panel.id)) panel.remove();
    let before: Element | null = null;
    for (const id of order) {
      const shown = document.getElementById(id);
      const fresh = parsed.get(id) ?? null;
      if (shown !== null && fresh !== null) patch(shown, fresh);
      const panel: Element | null = shown ?? fresh;
      if (panel === null) continue;
      const place: Element | null =
        before === null ? (main?.firstElementChild ?? null) : before.nextElementSibling;
      if (place !== panel) main?.insertBefore(panel, place);
      before = panel;
    }
  }

  function open(): void {
    events?.close();
    const page = encodeURIComponent(location.pathname + location.search);
    const opened = new EventSource(`/events?page=${page}&state=${encodeURIComponent(state)}`);
    events = opened;
    opened.addEventListener("open", showLive);
    opened.addEventListener("panels", (event) => {
      state = event.lastEventId;
      apply(JSON.parse(event.data));
      showLive();
    });
    opened.addEventListener("stopped", (event) => {
      opened.close();
      show("stopped", JSON.parse(event.data).reason);
    });
    opened.addEventListener("error", () => {
      const time = new Date().toISOString().slice(11, 19);
      if (opened.readyState === EventSource.CLOSED)
        show("stopped", "stopped: open the URL of a new `fota dashboard`");
      else show("lost", `not connected since ${time} UTC; trying again`);
    });
  }

  /** Shows another filter or page of the table without loading the page again, which would move the focus. */
  function goTo(query: string, replaces: boolean): void {
    const url = location.pathname + query;
    if (replaces) history.replaceState(null, "", url);
    else history.pushState(null, "", url);
    state = "";
    open();
  }

  function submit(form: HTMLFormElement, replaces: boolean): void {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value !== "") query.append(name, String(value));
    goTo(query.size === 0 ? "" : `?${query}`, replaces);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.dataset["live"] === undefined) return;
    event.preventDefault();
    clearTimeout(typingTimer);
    submit(form, false);
  });
  document.addEventListener("input", (event) => {
    const form = event.target instanceof HTMLElement ? event.target.closest("form") : null;
    if (form === null || form.dataset["live"] === undefined) return;
    clearTimeout(typingTimer);
    typingTimer = setTimeout(() => submit(form, true), TYPING_MS);
  });
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const query = link?.getAttribute("href");
    if (
      query?.startsWith("?") !== true ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.button !== 0
    )
      return;
    event.preventDefault();
    goTo(query, false);
  });
  addEventListener("popstate", () => {
    state = "";
    open();
  });
  // A browser allows six connections to a host: pages that nobody sees must not take them from the others.
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiddenTimer);
    if (document.visibilityState === "visible") {
      if (events === undefined) open();
    } else {
      hiddenTimer = setTimeout(() => {
        events?.close();
        events = undefined;
      }, HIDDEN_MAX_MS);
    }
  });
  open();
}
