/**
 * Lets a reader filter and sort the tables of `ThingsTable`. Runs in the browser: its text becomes a part of the page,
 * so it must not refer to anything outside.
 */
export function enhanceTables(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-of]")) {
    const table = document.getElementById(form.dataset["of"] ?? "");
    const input = form.querySelector("input");
    const select = form.querySelector("select");
    const output = form.querySelector("output");
    if (!(table instanceof HTMLTableElement) || input === null || select === null || output === null)
      continue;
    const textOf = (row: HTMLTableRowElement | undefined) => (row?.textContent ?? "").toLowerCase();
    const groups = [...table.tBodies].map((body) => {
      const [head, ...rest] = body.rows;
      return { body, head: textOf(head), rows: rest.map((row) => ({ row, text: textOf(row) })) };
    });
    const total = groups.reduce((sum, { rows }) => sum + rows.length, 0);

    const filter = () => {
      const wanted = input.value.trim().toLowerCase();
      let shown = 0;
      for (const { body, head, rows } of groups) {
        const picked = select.value === "" || select.value === body.dataset["state"];
        // A report that a group shares is in its head.
        const shared = wanted !== "" && head.replace(/^[^:]*/, "").includes(wanted);
        let inGroup = 0;
        for (const { row, text } of rows) {
          const matches = picked && (shared || text.includes(wanted));
          if (row.hidden === matches) row.hidden = !matches;
          if (matches) inGroup += 1;
        }
        body.hidden = inGroup === 0;
        shown += inGroup;
      }
      output.value = shown === total ? `${total} things` : `${shown} of ${total} things`;
    };

    const compare = new Intl.Collator("en", { numeric: true }).compare;
    const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const descending = head.ariaSort === "ascending";
        for (const other of heads) other.ariaSort = null;
        head.ariaSort = descending ? "descending" : "ascending";
        for (const { body, rows } of groups) {
          const keyed = rows.map(({ row }) => ({ row, key: row.cells[column]?.textContent ?? "" }));
          keyed.sort((a, b) => compare(a.key, b.key));
          if (descending) keyed.reverse();
          body.append(...keyed.map(({ row }) => row));
        }
      });
    });

    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", filter);
    form.hidden = false;
    filter(); // a browser may restore what was typed before a reload
  }
}
