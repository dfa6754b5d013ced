// Two to four encoders side by side. Data come as scripts, which work from file:// as well.
"use strict";

(() => {
  const MAX = 4;
  const form = document.getElementById("pick");
  const place = document.getElementById("comparison");
  const names = document.getElementById("encoders");
  const sets = [...document.querySelectorAll("#sets li")].map((item) => ({
    suite: item.dataset.suite,
    probe: item.dataset.probe,
    path: item.textContent,
  }));
  if (!sets.length) return;
  const loaded = new Map();
  let fields = [];
  let chosen = [];

  // -- small helpers -------------------------------------------------------------------------

  const make = (tag, text = "", attributes = {}) => {
    const element = document.createElement(tag);
    if (text !== "") element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const svg = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const number = (value, digits = 3) =>
    value === null || value === undefined
      ? "—"
      : value.toFixed(digits).replace(/^-(0\.?0*)$/, "$1").replace("-", "\u2212");
  const signed = (value) => (value > 0 ? "+" : "") + number(value);
  const label = (field, protocol) => field.labels[protocol];
  const range = (low, high) => `${number(low)} to ${number(high)}`;
  const options = (select, entries, value) => {
    select.replaceChildren(
      ...entries.map(([key, label]) => make("option", label, { value: key })),
    );
    if (entries.some(([key]) => key === value)) select.value = value;
  };

  // -- data ----------------------------------------------------------------------------------

  const load = (set) =>
    new Promise((resolve) => {
      if (loaded.has(set.path)) {
        resolve(loaded.get(set.path));
        return;
      }
      const script = make("script", "", { src: set.path });
      globalThis.cefrbenchCompare = (data) => {
        for (const field of data) unpack(field);
        loaded.set(set.path, data);
        resolve(data);
      };
      script.addEventListener("error", () => resolve([]));
      document.head.append(script);
    });

  const unpack = (field) => {
    for (const [protocol, text] of Object.entries(field.tests)) {
      const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
      field.tests[protocol] = new DataView(bytes.buffer);
    }
    field.index = new Map(field.entries.map((entry, i) => [entry.slug, i]));
  };

  // -- tests: all of them were made when the site was built ------------------------------------

  const NUMBERS = 7;
  const UNKNOWN = -32768;

  // What stands for a pair in the packed upper triangle, as first less second.
  const testsOf = (field, protocol, i, j) => {
    const [a, b] = i < j ? [i, j] : [j, i];
    const n = field.entries.length;
    const start = 2 * NUMBERS * (a * n - (a * (a + 1)) / 2 + b - a - 1);
    const numbers = Array.from({ length: NUMBERS }, (_, k) => {
      const units = field.tests[protocol].getInt16(start + 2 * k, true);
      return units === UNKNOWN ? null : units * field.unit;
    });
    const [difference, ...rest] = numbers;
    const scope = ([low, high, p]) => {
      if (p === null) return null;
      return i < j ? { low, high, p } : { low: -high, high: -low, p };
    };
    if (difference === null) return null;
    return {
      difference: i < j ? difference : -difference,
      these: scope(rest.slice(0, 3)),
      beyond: scope(rest.slice(3)),
    };
  };

  const compare = (field, entries) => {
    const pairs = [];
    for (let i = 0; i < entries.length; i += 1) {
      for (let j = i + 1; j < entries.length; j += 1) {
        for (const protocol of field.protocols) {
          const [a, b] = [entries[i], entries[j]];
          const tests = testsOf(field, protocol, field.index.get(a.slug), field.index.get(b.slug));
          if (tests) pairs.push({ a, b, protocol, ...tests });
        }
      }
    }
    return pairs;
  };

  const verdict = ({ a, b, protocol, difference, these, beyond }) => {
    if (!these) return "not tested here: see cefrbench compare";
    if (!(these.p < 0.05)) return "no difference shown";
    const smallGap = protocol === "gap";
    const winner = difference > 0 === !smallGap ? a : b;
    const claim = smallGap ? `${winner.name} loses less` : `${winner.name} is better`;
    if (!beyond) return `${claim} on these corpora`;
    return beyond.p < 0.05
      ? `${claim}, on these corpora and beyond them`
      : `${claim} on these corpora; on others it is not shown`;
  };

  // -- drawing -------------------------------------------------------------------------------

  const WIDTH = 160;
  const LOW = -0.2;
  const at = (score) => Math.round((WIDTH * (Math.min(1, Math.max(LOW, score)) - LOW)) / (1 - LOW));
  const strip = ([value, low, high], inside) => {
    const image = svg("svg", { viewBox: `-5 0 ${WIDTH + 10} 12`, "aria-hidden": "true", class: "wide" });
    const x = at(value);
    const mark = inside ? `M${x - 3} 6a3 3 0 1 0 6 0a3 3 0 1 0-6 0z` : `M${x - 4} 6l4-4 4 4-4 4z`;
    image.append(
      svg("path", { class: "g", d: `M${at(0)} 0V12` }),
      svg("path", { class: inside ? "i" : "o", d: `M${at(low ?? value)} 6H${at(high ?? value)}${mark}` }),
    );
    return image;
  };

  const table = (label, heads, rows, kind = "plain") => {
    const region = make("div", "", { class: "scroll", tabindex: "0", role: "region", "aria-label": label });
    const body = make("tbody");
    const line = make("tr");
    line.append(...heads.map((head) => make("th", head, { scope: "col" })));
    const head = make("thead");
    head.append(line);
    for (const cells of rows) {
      const row = make("tr");
      cells.forEach((cell, i) => {
        const element = make(i ? "td" : "th", "", i ? {} : { scope: "row" });
        element.append(...[cell].flat());
        row.append(element);
      });
      body.append(row);
    }
    const whole = make("table", "", { class: kind });
    whole.append(head, body);
    region.append(whole);
    return region;
  };

  const magnitude = (value) => {
    if (value === null) return "—";
    if (value >= 1e9) return `${(value / 1e9).toFixed(2)} B`;
    return value >= 1e6 ? `${(value / 1e6).toFixed(1)} M` : value.toLocaleString("en");
  };

  const sideBySide = (field, entries) => {
    const heads = ["", ...entries.map((entry) => entry.name)];
    const remove = (entry) => {
      const button = make("button", "Take out", { type: "button", "aria-label": `Take out ${entry.name}` });
      button.addEventListener("click", () => {
        chosen = chosen.filter((slug) => slug !== entry.slug);
        show();
      });
      return button;
    };
    const score = (entry, protocol) => {
      const numbers = entry.scores[protocol];
      if (!numbers) return "—";
      const link = make("a", number(numbers[0]), {
        class: "n",
        href: `${entry.page}#${protocol === "gap" ? field.gap : protocol}-${entry.probe}`,
      });
      const ends = make("i", numbers[1] === null ? "" : range(numbers[1], numbers[2]));
      return [link, ends, strip(numbers, field.inside.includes(protocol))];
    };
    const rows = [
      ["Page", ...entries.map((entry) => make("a", "units, layers, provenance", { href: entry.page }))],
      ["Parameters", ...entries.map((entry) => magnitude(entry.parameters))],
      ["Width", ...entries.map((entry) => String(entry.width))],
      ["Probe", ...entries.map((entry) => entry.probe)],
      ...field.protocols.map((name) => [
        name === "gap" ? "Gap" : `${label(field, name)} QWK`,
        ...entries.map((entry) => score(entry, name)),
      ]),
      ["", ...entries.map(remove)],
    ];
    return table("Side by side", heads, rows);
  };

  const byCorpus = (field, entries) => {
    const rows = field.protocols
      .filter((name) => name !== "gap")
      .flatMap((protocol) =>
        field.corpora.map((corpus, c) => [
          corpus,
          label(field, protocol),
          ...entries.map((entry) => number(entry.corpora[protocol] && entry.corpora[protocol][c])),
        ]),
      );
    return table("By corpus", ["Corpus", "Protocol", ...entries.map((entry) => entry.name)], rows);
  };

  const pairTable = (field, entries) => {
    const cell = (test) => (test ? `${range(test.low, test.high)}, p\u00a0${test.p < 0.001 ? "<\u00a00.001" : `=\u00a0${number(test.p, number(test.p) === "0.050" ? 4 : 3)}`}` : "—");
    const rows = compare(field, entries).map((pair) => [
      `${pair.a.name} against ${pair.b.name}`,
      label(field, pair.protocol),
      signed(pair.difference),
      cell(pair.these),
      cell(pair.beyond),
      verdict(pair),
    ]);
    const heads = ["Pair", "Protocol", "Difference in QWK", "On these corpora", "Over corpora", "In words"];
    return table("Paired tests", heads, rows, "plain pairs");
  };

  const counted = (field) =>
    field.of > field.entries.length
      ? `the best ${field.entries.length} of ${field.of}; others: cefrbench compare A.json B.json`
      : String(field.entries.length);

  const show = () => {
    const field = fields[Number(form.elements.cohort.value) || 0];
    place.replaceChildren();
    if (!field) return;
    chosen = chosen.filter((slug) => field.index.has(slug)).slice(0, MAX);
    const entries = chosen.map((slug) => field.entries[field.index.get(slug)]);
    names.replaceChildren(...field.entries.map((entry) => make("option", "", { value: entry.name })));
    if (entries.length) place.append(make("h2", "Side by side"), sideBySide(field, entries));
    if (entries.length > 1) {
      place.append(
        make("h2", "Paired tests"),
        make("p", "Intervals of the difference (first less second) and p, both after Holm’s correction over all pairs of these results under the protocol, as for their ranks. Over corpora: as a sample of corpora that could have been there.", { class: "caption" }),
        pairTable(field, entries),
        make("h2", "By corpus"),
        byCorpus(field, entries),
      );
    }
    form.elements.say.value =
      entries.length < 2 ? `Choose ${2 - entries.length} more of ${counted(field)}.` : `${entries.length} of at most ${MAX}.`;
    save();
  };

  // -- choosing ------------------------------------------------------------------------------

  const save = () => {
    const state = new URLSearchParams({ suite: form.elements.suite.value, probe: form.elements.probe.value });
    if (chosen.length) state.set("with", chosen.join(" "));
    if (Number(form.elements.cohort.value)) state.set("cohort", form.elements.cohort.value);
    history.replaceState(null, "", `#${state}`);
  };

  const probesOf = (suite) =>
    sets
      .filter((set) => set.suite === suite)
      .map((set) => [set.probe, set.probe === "favoured" ? "each encoder’s own" : set.probe]);

  const choose = async (state) => {
    const suite = state.get("suite");
    if (sets.some((set) => set.suite === suite)) form.elements.suite.value = suite;
    options(form.elements.probe, probesOf(form.elements.suite.value), state.get("probe"));
    const set = sets.find(
      (one) => one.suite === form.elements.suite.value && one.probe === form.elements.probe.value,
    );
    fields = await load(set);
    chosen = (state.get("with") || "").split(" ").filter(Boolean);
    const words = (field) =>
      field.full ? "full results" : `partial: ${field.corpora.length} corpora, ${field.of} entries`;
    const holds = fields.findIndex((field) => chosen.some((slug) => field.index.has(slug)));
    const cohort = state.get("cohort") ?? String(Math.max(0, holds));
    options(form.elements.cohort, fields.map((field, i) => [String(i), words(field)]), cohort);
    show();
  };

  const add = (text) => {
    const field = fields[Number(form.elements.cohort.value) || 0];
    const wanted = text.trim().toLowerCase();
    const found =
      field.entries.find((entry) => entry.name.toLowerCase() === wanted) ||
      field.entries.find((entry) => wanted && entry.name.toLowerCase().includes(wanted));
    if (!found) {
      form.elements.say.value = `There is no encoder named “${text}” here.`;
    } else if (chosen.length >= MAX) {
      form.elements.say.value = `${MAX} are the most; take one out first.`;
    } else {
      form.elements.encoder.value = "";
      if (!chosen.includes(found.slug)) chosen.push(found.slug);
      show();
    }
  };

  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    add(form.elements.encoder.value);
  });
  form.addEventListener("reset", () => {
    chosen = [];
    setTimeout(() => choose(new URLSearchParams()));
  });
  form.addEventListener("change", (event) => {
    if (event.target.name === "encoder") return;
    const state = new URLSearchParams({
      suite: form.elements.suite.value,
      probe: form.elements.probe.value,
      with: chosen.join(" "),
    });
    if (event.target.name === "cohort") state.set("cohort", form.elements.cohort.value);
    choose(state);
  });
  addEventListener("hashchange", () => choose(new URLSearchParams(location.hash.slice(1))));
  choose(new URLSearchParams(location.hash.slice(1)));
})();
