// Sorting, filters, search and columns of the leaderboard, with all of it in the page's address.
// Without this file the tables are whole, in the order of the ranking; a box shows every column.
"use strict";

(() => {
  const form = document.getElementById("controls");
  const tables = [...document.querySelectorAll("table.results")];
  if (!form || !tables.length) return;

  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const UNITS = { k: 1e3, M: 1e6, B: 1e9 };
  const MAX_COMPARED = 4;
  const COLUMNS = [...form.elements].filter((element) => element.name === "col");
  const DEFAULT_COLUMNS = COLUMNS.filter((box) => box.defaultChecked).map((box) => box.value);
  const FIELDS = ["q", "protocol", "size", "licence"];
  const picked = new Set();
  let sorted = { key: "", ascending: true };

  // -- reading cells -------------------------------------------------------------------------

  const toText = (cell) => (cell.querySelector("a") || cell).textContent.trim();

  // The first number of a cell, units applied; NaN where it has none.
  const toNumber = (cell) => {
    const text = cell.textContent.replace(/\u2212/g, "-").replace(/[\u202f\u2009]/g, "");
    const match = /^[+]?(-?\d+(?:\.\d+)?)([kMB])?/.exec(text.trim());
    return match ? Number(match[1]) * (UNITS[match[2]] || 1) : NaN;
  };

  const heads = (table) => [...table.tHead.rows[0].cells];
  const columnOf = (table, key) => heads(table).findIndex((head) => head.dataset.col === key);
  const rowsOf = (table) => [...table.tBodies[0].rows];
  const cellOf = (table, row, key) => row.cells[columnOf(table, key)];

  // -- sorting -------------------------------------------------------------------------------

  const original = new Map(tables.map((table) => [table, rowsOf(table)]));

  const sortTable = (table) => {
    const index = columnOf(table, sorted.key);
    let rows = original.get(table);
    if (index >= 0) {
      const numeric = heads(table)[index].classList.contains("r");
      const keyed = rows.map((row) => {
        const cell = row.cells[index];
        return { row, key: numeric ? toNumber(cell) : toText(cell) };
      });
      const sign = sorted.ascending ? 1 : -1;
      keyed.sort((a, b) => {
        if (!numeric) return sign * collator.compare(a.key, b.key);
        // Rows without a number stay last either way.
        if (Number.isNaN(a.key) || Number.isNaN(b.key)) {
          return Number.isNaN(a.key) - Number.isNaN(b.key);
        }
        return sign * (a.key - b.key);
      });
      rows = keyed.map((entry) => entry.row);
    }
    table.tBodies[0].append(...rows);
    for (const head of heads(table)) {
      if (head.dataset.col === sorted.key) {
        head.setAttribute("aria-sort", sorted.ascending ? "ascending" : "descending");
      } else {
        head.removeAttribute("aria-sort");
      }
    }
  };

  const makeSortable = (table) => {
    for (const head of heads(table)) {
      const key = head.dataset.col;
      if (!key || key === "strip") continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        // Scores are asked for from the top, names and ranks from the start.
        const start = !head.classList.contains("r") || key.startsWith("rank");
        const ascending = sorted.key === key ? !sorted.ascending : start;
        sorted = { key, ascending };
        update();
      });
    }
  };

  // -- filters -------------------------------------------------------------------------------

  const matches = (table, row) => {
    const words = form.elements.q.value.toLowerCase().split(/\s+/).filter(Boolean);
    const name = row.querySelector("th").textContent.toLowerCase();
    if (!words.every((word) => name.includes(word))) return false;
    if (columnOf(table, "size") < 0) return true;
    if (form.elements.size.value) {
      const [low, high] = form.elements.size.value.split("-").map(Number);
      const size = toNumber(cellOf(table, row, "size"));
      if (!(size >= low && size < high)) return false;
    }
    const licence = form.elements.licence.value;
    return !licence || toText(cellOf(table, row, "licence")) === licence;
  };

  const filterTable = (table) => {
    let shown = 0;
    for (const row of original.get(table)) {
      row.hidden = !matches(table, row);
      shown += row.hidden ? 0 : 1;
    }
    return shown;
  };

  // -- columns -------------------------------------------------------------------------------

  // What is on demand makes the table wider than the window: it scrolls, and is no card.
  const isWide = () => COLUMNS.some((box) => box.checked !== box.defaultChecked);

  const showColumns = (table) => {
    const wanted = new Set(COLUMNS.filter((box) => box.checked).map((box) => box.value));
    const protocol = form.elements.protocol.value;
    heads(table).forEach((head, index) => {
      const { col, protocol: own } = head.dataset;
      if (!col || col === "encoder" || col === "rank") return;
      const hide = !wanted.has(col) || Boolean(protocol && own && own !== protocol);
      if (head.hidden === hide) return;
      head.hidden = hide;
      for (const row of original.get(table)) row.cells[index].hidden = hide;
    });
  };

  // -- choosing what to compare --------------------------------------------------------------

  const compareLink = form.querySelector("a.compare");
  const target = compareLink.getAttribute("href");

  const updateCompare = () => {
    const names = [...picked];
    compareLink.hidden = names.length < 2;
    compareLink.textContent = `Compare ${names.length}`;
    const { suite, probe } = form.dataset;
    const state = new URLSearchParams({ suite, probe, with: names.join(" ") });
    compareLink.href = `${target}#${state}`;
    const full = names.length >= MAX_COMPARED;
    for (const box of document.querySelectorAll("input.pick")) box.disabled = full && !box.checked;
  };

  const makePickable = (table) => {
    for (const row of original.get(table)) {
      if (!row.id) continue;
      const box = document.createElement("input");
      box.type = "checkbox";
      box.className = "pick";
      box.setAttribute("aria-label", `Compare ${row.querySelector("th a").textContent}`);
      box.addEventListener("change", () => {
        const slug = row.id.slice(2);
        if (box.checked) picked.add(slug);
        else picked.delete(slug);
        updateCompare();
      });
      row.querySelector("th").prepend(box);
    }
  };

  // -- state in the address ------------------------------------------------------------------

  const save = () => {
    const state = new URLSearchParams();
    for (const name of FIELDS) {
      if (form.elements[name].value) state.set(name, form.elements[name].value);
    }
    if (sorted.key) state.set("sort", (sorted.ascending ? "" : "-") + sorted.key);
    const columns = COLUMNS.filter((box) => box.checked).map((box) => box.value);
    if (columns.join() !== DEFAULT_COLUMNS.join()) state.set("columns", columns.join(" "));
    const text = state.toString();
    history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  };

  const restore = () => {
    const hash = location.hash.slice(1);
    // An anchor of a row or section is no state.
    if (hash && !hash.includes("=")) return;
    const state = new URLSearchParams(hash);
    for (const name of FIELDS) form.elements[name].value = state.get(name) || "";
    const sort = state.get("sort") || "";
    sorted = { key: sort.replace(/^-/, ""), ascending: !sort.startsWith("-") };
    const columns = state.has("columns") ? state.get("columns").split(" ") : DEFAULT_COLUMNS;
    for (const box of COLUMNS) box.checked = columns.includes(box.value);
  };

  const draw = () => {
    const protocol = form.elements.protocol.value;
    let shown = 0;
    let all = 0;
    for (const table of tables) {
      showColumns(table);
      sortTable(table);
      shown += filterTable(table);
      all += original.get(table).length;
    }
    document.body.classList.toggle("wide", isWide() || Boolean(protocol));
    document.getElementById("nothing").hidden = shown > 0;
    form.elements.count.value = shown === all ? `${all} rows` : `${shown} of ${all} rows`;
    document.body.dataset.protocol = protocol;
  };

  const update = () => {
    draw();
    save();
  };

  tables.forEach(makeSortable);
  tables.forEach(makePickable);
  form.hidden = false;
  document.body.classList.add("scripted");
  form.addEventListener("input", (event) => {
    // A protocol chosen is a protocol sorted by.
    if (event.target.name === "protocol" && event.target.value) {
      sorted = { key: event.target.value, ascending: false };
    }
    update();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => {
    picked.clear();
    for (const box of document.querySelectorAll("input.pick")) box.checked = false;
    sorted = { key: "", ascending: true };
    // The fields have their old values until this event is over.
    setTimeout(() => {
      updateCompare();
      update();
    });
  });
  addEventListener("hashchange", () => {
    restore();
    draw();
  });
  restore();
  draw();
})();
