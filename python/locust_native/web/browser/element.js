// `<native-figures>`: fetches the figures every two seconds, or finds them in a report, and shows them.
// Attributes: `inline` in a report, `alone` on the page of its own, `every` for other milliseconds than 2,000.

const EVERY = 2000;
const TABLE_POINTS = 200;
const SCRIPT = document.currentScript && document.currentScript.src;

// A tab that is left and opened again goes on with the seconds it had.
const run = new Run();

const time = (title, of, hint) => ({ title, of, text: milliseconds, decimals: true, hint });
const number = (title, of, hint) => ({ title, of, text: count, hint });
const NAMES = [
  { title: "Method", of: (row) => row.method || "", words: true },
  { title: "Name", of: (row) => row.name, words: true, heads: true },
];
const percentile = (key) => time(key === "50" ? "Median" : `${key}\u00a0%`, (row) => row.percentiles?.[key], `${key} % of the requests took at most this long`);

const TIMES = [
  ...NAMES,
  number("Requests", (row) => row.requests),
  number("Failures", (row) => row.failures),
  time("Fastest", (row) => row.min),
  time("Mean", (row) => row.mean),
  percentile("50"), percentile("75"), percentile("90"), percentile("95"), percentile("99"), percentile("99.9"), percentile("99.99"),
  time("Slowest", (row) => row.max),
];

const ENDS = [
  ...NAMES,
  number("Started", (row) => row.ends?.started),
  number("Succeeded", (row) => row.ends?.succeeded),
  number("Failed", (row) => row.ends?.failed),
  number("In flight", (row) => row.ends?.in_flight, "sent, and not answered yet"),
  number("Cut off", (row) => row.ends?.cut_off, "still unanswered when their user was stopped"),
  number("Unreported", (row) => row.ends?.unreported, "ended, and nobody reported them to the statistics"),
  time("Successes, median", (row) => row.succeeded?.count ? row.succeeded.p50 : null, "of the requests that did not fail"),
  time("Successes, 99\u00a0%", (row) => row.succeeded?.count ? row.succeeded.p99 : null, "of the requests that did not fail"),
  time("Failures, median", (row) => row.failed?.count ? row.failed.p50 : null, "how long they took to fail"),
  time("Failures, slowest", (row) => row.failed?.count ? row.failed.max : null),
  time("Oldest cut off", (row) => row.cut_off_age?.count ? row.cut_off_age.max : null, "how long it had been waiting"),
];

const versions = (row) => Object.entries(row.versions || {}).sort(([, one], [, other]) => other - one).map(([name]) => `HTTP/${name}`).join(", ");

const CONNECTIONS = [
  ...NAMES,
  number("New connections", (row) => row.connections?.new),
  number("Reused", (row) => row.connections?.reused, "requests that took a connection already open"),
  number("TLS handshakes", (row) => row.tls?.full, "full ones"),
  number("TLS resumed", (row) => row.tls?.resumed),
  { title: "PreparedRequest", of: (row) => row.bytes?.out, text: bytes },
  { title: "Received", of: (row) => row.bytes?.in, text: bytes },
  { title: "Protocol", of: versions, words: true },
];

const SPREADS = [
  { title: "Measured", of: (row) => row.name, words: true, heads: true },
  number("Samples", (row) => row.count),
  time("Mean", (row) => row.mean),
  ...["50", "90", "99", "99.9"].map(percentile),
  time("Longest", (row) => row.max),
];

const when = (point) => (point.width > 1 ? `${clock(point.at)} + ${point.width} s` : clock(point.at));
const limitedCell = { title: "Generator", of: (row) => row.limited, text: (value, row) => (value ? `was the limit${row.width > 1 ? ` for ${value} s` : ""}` : ""), words: true };
const rate = (value) => (known(value) ? tick(Number(value.toPrecision(3))) : NOTHING);
const SECONDS = [
  { title: "Time", of: when, words: true, heads: true },
  { title: "Requests/s", of: (row) => row.requests / row.covers, text: rate },
  { title: "Failures/s", of: (row) => row.failures / row.covers, text: rate },
  number("Users", (row) => row.users),
  ...LINES.map(([key, label]) => time(label, (row) => row[key])),
  limitedCell,
];
const LAGS = [{ title: "Time", of: when, words: true, heads: true }, ...LAG.map(([key, label]) => time(label, (row) => row[key])), limitedCell];
const PHASE_COLUMNS = [
  ...NAMES,
  ...PHASES.map((phase) => time(PHASE_WORDS[phase], (row) => phaseMean(row, phase), PHASE_MEANINGS[phase])),
  time("together", (row) => allPhases(row)),
  time("held back before", (row) => row.held?.mean, "how long the core itself held requests back before they were sent, to see whether the server closes the connection; in no response time"),
];

// What a word means, for those who point at it or have it read aloud.
const MEANINGS = {
  "Generator lag, 99 %": "how long answers that were complete had to wait until their users could go on: this machine's delay, in no response time; 99 % of them at most this long",
  "Generator was the limit": "the share of the seconds in which users lost time because this machine, and not the server, was too slow",
  "The generator itself": "the machine and processes that send the requests",
  "What became of the requests": "each request that was started is counted in exactly one column",
  "Where the time goes": "queued: in the core, before anything was done on the network; wait for first byte: from the last byte sent to the first received",
  "closed": "the number of users is given, and each asks again only after its answer and its wait: a slow server is asked less often",
};

function explained(tag, text) {
  const meaning = MEANINGS[text];
  return make(tag, {}, meaning ? make("abbr", { title: meaning, textContent: text, tabIndex: 0 }) : text);
}

function section(title, words, ...parts) {
  return make("section", {}, explained("h3", title), words, ...parts);
}

// Why there are no figures to be had, in a sentence.
class Refusal extends Error {}

class NativeFigures extends HTMLElement {
  connectedCallback() {
    if (!this.shadowRoot) this.build();
    this.connected = true;
    this.watch();
    this.prepare().then(() => this.connected && (this.hasAttribute("inline") ? this.read() : this.ask()));
  }

  disconnectedCallback() {
    this.connected = false;
    clearTimeout(this.timer);
    this.themes.disconnect();
    document.removeEventListener("visibilitychange", this.woken);
    for (const name of Object.keys(this.charts)) this.charts[name].destroy();
    this.charts = {};
  }

  build() {
    const root = this.attachShadow({ mode: "open" });
    this.charts = {};
    this.status = make("p", { className: "status", textContent: "Waiting for the figures …" });
    // Read aloud when it comes up, as the status, which changes all the time, should not be.
    this.trouble = make("p", { className: "status trouble", role: "status" });
    this.limits = make("div", { className: "limits", hidden: true });
    this.brief = make("p", { className: "note", hidden: true });
    this.warnings = make("ul", { className: "warnings", hidden: true, "aria-label": "Warnings" });
    this.cards = make("dl", { className: "cards" });
    this.times = new FiguresTable("Response times in milliseconds, by request", TIMES);
    this.ends = new FiguresTable("What became of the requests", ENDS);
    this.connections = new FiguresTable("Connections, TLS and bytes, by request", CONNECTIONS);
    this.spreads = new FiguresTable("Lag and hiccups of the generator, in milliseconds", SPREADS, false);
    this.phases = new FiguresTable("Mean milliseconds per phase, by request", PHASE_COLUMNS);
    this.seconds = new FiguresTable("Response times over time, in milliseconds", SECONDS, false);
    this.lags = new FiguresTable("Generator lag over time, in milliseconds", LAGS, false);
    this.boxes = { times: this.box(), load: this.box(), phases: this.box(), lag: this.box() };
    this.rowNote = make("p", { className: "note", hidden: true });
    this.timesNote = make("p", {});
    this.phasesNote = make("p", {});
    this.lagNote = make("p", {});
    this.footer = make("p", { className: "note" });
    this.promise = make("ul", { hidden: true },
      ...["response times of each request, from the fastest to the slowest, to three digits",
        "how they went over time, and in which seconds the generator itself was the limit",
        "where the time went: DNS, connect, TLS, waiting, download",
        "what became of every request, and over how many connections"].map((text) => make("li", { textContent: text })));

    this.searched = make("input", { type: "search", placeholder: "part of a name or method" });
    this.searched.addEventListener("input", () => {
      for (const table of [this.times, this.ends, this.connections]) table.search(this.searched.value);
    });
    this.scale = make("input", { type: "checkbox" });
    this.scale.addEventListener("change", () => this.rescale());
    this.everything = make("div", { hidden: true },
      this.limits, this.brief, this.warnings, this.cards,
      section("Response times",
        make("p", { textContent: "Milliseconds from calling client.get, post, … to the last byte of the answer, to three digits; waiting for a busy Python is not in it. Failures are in it: where there are any, “What became of the requests” shows the successes alone." }),
        make("label", { className: "search" }, "Only rows with ", this.searched, " (Aggregated is of all)"),
        this.times.element, this.rowNote),
      section("Response times and load over time", this.timesNote,
        make("label", {}, this.scale, " logarithmic scale"), this.boxes.times, this.boxes.load, this.details(this.seconds)),
      section("Where the time goes", this.phasesNote, this.boxes.phases, this.details(this.phases)),
      section("The generator itself", this.lagNote, this.boxes.lag, this.details(this.lags), this.spreads.element),
      section("What became of the requests",
        make("p", { textContent: "Started = succeeded + failed + in flight + cut off + unreported, for each name: nothing is lost. A failure keeps the time it took to fail, here in milliseconds." }),
        this.ends.element),
      section("Connections",
        make("p", { textContent: "How often a request found a connection open, and what went over the wire." }),
        this.connections.element));
    root.append(make("style", { textContent: STYLE }), this.title(), this.trouble, this.status, this.promise, this.everything, this.footer);
  }

  title() {
    const title = make(this.hasAttribute("alone") ? "h1" : "h2", { textContent: "Precise figures" });
    const home = SCRIPT && !this.hasAttribute("alone") && !this.hasAttribute("inline");
    return make("div", { className: "title" }, title,
      ...(home ? [make("a", { href: new URL("./", SCRIPT).href, target: "_blank", textContent: "on a page of its own" })] : []));
  }

  box() {
    return make("div", { className: "chart" });
  }

  details(table) {
    const details = make("details", {}, make("summary", { textContent: "The same as a table" }), table.element);
    details.addEventListener("toggle", () => this.shown && this.tables());
    table.details = details;
    return details;
  }

  // Locust changes its theme by putting other styles into the head.
  watch() {
    this.themes = new MutationObserver(() => {
      if (this.theme !== this.dark()) this.draw();
    });
    this.themes.observe(document.head, { childList: true, subtree: true, characterData: true });
    this.woken = () => !document.hidden && this.connected && !this.hasAttribute("inline") && this.ask();
    document.addEventListener("visibilitychange", this.woken);
  }

  dark() {
    const [red, green, blue] = getComputedStyle(this).color.match(/[\d.]+/g).map(Number);
    return red + green + blue > 384 ? "dark" : "light";
  }

  async prepare() {
    this.Chart = window.Chart;
    if (this.Chart) return;
    try {
      await (this.hasAttribute("inline") ? unpack("native-figures-charts") : load(new URL(`chart.js${new URL(SCRIPT).search}`, SCRIPT).href));
      this.Chart = window.Chart;
    } catch (error) {
      console.warn("native figures: no charts:", error);
    }
    if (!this.Chart) {
      for (const box of Object.values(this.boxes)) {
        box.className = "note";
        box.textContent = "No chart: the chart library did not load. The table below has the same figures.";
      }
    }
  }

  read() {
    this.take(JSON.parse(document.getElementById("native-figures-data").textContent));
  }

  async ask() {
    clearTimeout(this.timer);
    if (this.asking) return;
    this.asking = true;
    try {
      const found = await this.fetch();
      if (this.connected) this.take(found);
    } catch (error) {
      if (this.connected) this.fail(error);
    } finally {
      this.asking = false;
    }
    if (this.connected && !document.hidden) this.timer = setTimeout(() => this.ask(), Number(this.getAttribute("every")) || EVERY);
  }

  async fetch() {
    const address = new URL("figures", SCRIPT);
    address.searchParams.set("view", "page");
    if (run.since !== null) {
      address.searchParams.set("run", run.id);
      address.searchParams.set("since", run.since);
    }
    const answer = await fetch(address).catch(() => {
      throw new Refusal("Locust does not answer");
    });
    if (!(answer.headers.get("Content-Type") || "").includes("json")) {
      throw new Refusal(answer.redirected ? "Locust asks for a login; reload the page" : `Locust answered ${answer.status} ${answer.statusText}`);
    }
    const found = await answer.json();
    if (!answer.ok) throw new Refusal(found.error || `Locust answered ${answer.status}`);
    return found;
  }

  fail(error) {
    if (!(error instanceof Refusal)) console.error("native figures:", error);
    const reason = error instanceof Refusal ? error.message : `The figures cannot be shown: ${error.message}`;
    say(this.trouble, this.shown ? `${reason}; the figures are those of ${clock(this.shown.taken_at)}.` : `${reason}.`);
    show(this.status, !!this.shown);
  }

  take(view) {
    run.merge(view);
    this.shown = view;
    say(this.trouble, "");
    show(this.status, true);
    const empty = !view.total.requests && !view.total.ends?.started;
    show(this.everything, !empty);
    show(this.promise, empty && !this.hasAttribute("inline"));
    say(this.footer, `locust-native ${view.locust_native} with Locust ${view.locust}; clock resolution ${count(view.clock?.resolution_ns)} ns. Charts by Chart.js.`);
    if (empty) {
      say(this.status, this.hasAttribute("inline") ? "No request was made." : "No requests yet. Start a test, and within seconds you will find here:");
      return;
    }
    const load = { closed: "Closed load: each user waits for its answer before it asks again, so a server that stalls is asked less." }[view.load_model];
    const end = view.stopped_at ?? view.taken_at;
    this.status.title = MEANINGS[view.load_model] || "";
    say(this.status, `${lasting(end - view.started_at)} from ${clock(view.started_at)} to ${clock(end)}. ${load || (view.load_model ? `Load model: ${view.load_model}.` : "")}`);
    this.warn();
    this.sum();
    this.tables();
    this.draw();
  }

  warn() {
    const { generator } = this.shown;
    const limited = generator?.limited || [];
    const warnings = (this.shown.warnings || []).filter((text) => !(limited.length && /limited by (the )?generator/i.test(text)));
    // One second in a hundred is a note; more has bent the measurement.
    const much = generator?.limited_share > 0.01;
    show(this.limits, limited.length > 0 && much);
    show(this.brief, limited.length > 0 && !much);
    if (limited.length) {
      const stretches = listed(limited.map(stretch), 5, "more stretches");
      const why = generator.advice ? ` ${generator.advice[0].toUpperCase()}${generator.advice.slice(1)}.` : "";
      say(much ? this.limits : this.brief, `Measurement limited by the generator ${stretches}: ${share(generator.limited_share)} of the time. The server was asked less than it should have been.${why}`);
    }
    show(this.warnings, warnings.length > 0);
    if (this.warned !== warnings.join("\n")) {
      this.warned = warnings.join("\n");
      this.warnings.replaceChildren(...warnings.map((text) => make("li", { textContent: text })));
    }
  }

  sum() {
    const { total, generator } = this.shown;
    const failed = total.requests ? ` (${share(total.failures / total.requests)})` : "";
    const ms = (value) => (known(value) ? `${milliseconds(value)} ms` : NOTHING);
    const cards = [
      ["Requests", count(total.requests)],
      ["Failures", `${count(total.failures)}${total.failures ? failed : ""}`],
      ["Median", ms(total.percentiles?.["50"])],
      ["99 %", ms(total.percentiles?.["99"])],
      ["Slowest", ms(total.max)],
      ["Generator lag, 99 %", ms(generator?.lag?.percentiles?.["99"])],
      ["Generator was the limit", share(generator?.limited_share)],
    ];
    if (!this.cards.children.length) {
      this.cards.append(...cards.map(([name]) => make("div", {}, explained("dt", name), make("dd"))));
    }
    cards.forEach(([, text], place) => say(this.cards.children[place].lastChild, text));
  }

  tables() {
    const { total, generator, rows_left_out: left } = this.shown;
    const rows = [...this.shown.rows].sort((one, other) => natural.compare(one.name, other.name) || natural.compare(one.method, other.method));
    const all = { ...total, method: "", name: total.name || "Aggregated" };
    this.times.update(rows, all);
    this.ends.update(rows, all);
    this.connections.update(rows, all);
    const notes = [];
    if (left) notes.push(`${count(left)} more rows, those with the fewest requests, are not shown; --native-json has them.`);
    const coarse = rows.filter((row) => row.coarse).map(rowName);
    if (coarse.length) notes.push(`Rounded to Locust's two digits, because workers without locust-native took part: ${listed(coarse, 5, "more")}.`);
    if (total.out_of_range) notes.push(`${several(total.out_of_range, "request", "requests")} took longer than the histogram's hour; the slowest is exact.`);
    if (total.without_time) notes.push(`${several(total.without_time, "request has", "requests have")} no response time.`);
    say(this.rowNote, notes.join(" "));
    show(this.rowNote, notes.length > 0);

    const meters = [["Lag: answer there → user goes on", generator?.lag], ["Hiccups of the Python loop", generator?.hiccups?.hub], ["Hiccups of the I/O threads", generator?.hiccups?.io]];
    this.spreads.update(meters.filter(([, spread]) => spread).map(([name, spread]) => ({ key: name, name, ...spread })));
    if (this.phases.details.open) this.phases.update(rows.filter((row) => row.phases), all);
    if (this.seconds.details.open || this.lags.details.open) {
      const lines = run.points.slice(-TABLE_POINTS).map((point) => ({ ...point, key: String(point.at) }));
      if (this.seconds.details.open) this.seconds.update(lines);
      if (this.lags.details.open) this.lags.update(lines);
    }
  }

  draw() {
    if (!this.shown || this.everything.hidden) return;
    this.theme = this.dark();
    this.style.setProperty("--ground", getComputedStyle(document.body).backgroundColor);
    const { points, line: drawn, width } = run;
    const stretches = this.shown.generator?.limited || [];
    const each = width > 1 ? `Each point has the requests that ended in ${lasting(width)}.` : "One point per second.";
    const shaded = stretches.length ? " Shaded: the generator was the limit, and the server was asked less than it should have been." : "";
    say(this.timesNote, `How long requests took: their median, 95 % and 99 %, and the slowest of each point. ${each}${shaded}`);
    say(this.lagNote, `How long an answer that was complete had to wait until its user could go on, and how late event loop and I/O thread came when asked: this machine's own delay, in no response time above. The longest of each point. ${each}${shaded}`);
    const heavy = heaviest(this.shown.rows);
    const named = heavy.length < this.shown.rows.length ? ` The ${heavy.length} names that took most time in all, the heaviest first.` : " The names that took most time in all come first.";
    say(this.phasesNote, heavy.length ? `What a request of each name spent its time on, on average. On a connection already open DNS, connect and TLS take none.${named}` : "No phases were measured.");
    show(this.boxes.phases, heavy.length > 0);
    if (!this.Chart || !this.connected) return;

    const { Chart, charts, boxes, theme } = this;
    // All on one axis of time, from the first to the last there is anything of.
    const ends = [...points.flatMap((point) => [point.at, point.at + (point.width > 1 ? point.width : 0)]), ...stretches.flatMap(({ from, to }) => [from, to + 1])];
    const drawOver = (name, box, title, lines, right) => {
      charts[name] ||= new FiguresChart(Chart, box, overTime(title, right));
      const { x } = charts[name].chart.options.scales;
      x.min = Math.min(...ends) * 1000;
      x.max = Math.max(...ends, Math.min(...ends) + 1) * 1000;
      if (name === "times") this.scaleTimes();
      charts[name].band(stretches, theme);
      charts[name].draw(timeSets(lines, drawn, stretches, theme), null, theme);
    };
    drawOver("times", boxes.times, "response time, ms", LINES);
    charts.times.describe(this.tellTimes(points, stretches));
    drawOver("load", boxes.load, "per second", LOAD, "users");
    charts.load.describe(this.tellLoad(points));
    drawOver("lag", boxes.lag, "longest, ms", LAG);
    charts.lag.describe(this.tellLag(points));
    if (!heavy.length) return;
    const height = `${Math.max(150, heavy.length * 30 + 100)}px`;
    if (boxes.phases.style.height !== height) boxes.phases.style.height = height;
    if (charts.phases?.merged !== undefined && charts.phases.merged !== theme) {
      charts.phases.destroy(); // its bars would keep the colours of the other theme
      delete charts.phases;
    }
    charts.phases ||= new FiguresChart(Chart, boxes.phases, stacked());
    charts.phases.draw(phaseSets(heavy, theme), heavy.map(rowName), theme);
    charts.phases.describe(`Stacked bars of the mean time per phase. ${heavy.slice(0, 5).map((row) => `${rowName(row)}: ${this.tellPhases(row)}`).join(". ")}.`);
  }

  rescale() {
    if (this.charts.times) this.draw();
  }

  scaleTimes() {
    const { y } = this.charts.times.chart.options.scales;
    const kind = this.scale.checked ? "logarithmic" : "linear";
    if (y.type === kind) return;
    y.type = kind;
    y.beginAtZero = kind === "linear";
  }

  tellLoad(points) {
    if (!points.length) return "Line chart of requests per second; no request has ended yet.";
    const rates = points.map((point) => point.requests / point.covers);
    const users = worst(points, "users")?.users;
    return `Line chart of requests per second: between ${tick(Number(Math.min(...rates).toPrecision(3)))} and ${tick(Number(Math.max(...rates).toPrecision(3)))}${known(users) ? `, with up to ${several(users, "user", "users")}` : ""}.`;
  }

  tellTimes(points, stretches) {
    const slowest = worst(points, "p99");
    if (!slowest) return "Line chart of response times over time; no request has ended yet.";
    const [low, high] = [least(points, "p50").p50, worst(points, "p50").p50];
    const limited = stretches.reduce((sum, { from, to }) => sum + to - from + 1, 0);
    return `Line chart of response times from ${clock(points[0].at)} to ${clock(points[points.length - 1].at)}: `
      + `the median between ${milliseconds(low)} and ${milliseconds(high)} ms, 99 % at most ${milliseconds(slowest.p99)} ms, reached at ${clock(slowest.at)}`
      + `${limited ? `; ${several(limited, "second", "seconds")} in which the ${LIMITED}` : ""}.`;
  }

  tellLag(points) {
    const longest = worst(points, "lag_max");
    if (!longest) return "Line chart of generator lag over time; none has been measured.";
    return `Line chart of the longest generator lag: at most ${milliseconds(longest.lag_max)} ms, at ${clock(longest.at)}.`;
  }

  tellPhases(row) {
    const told = PHASES.map((phase) => [phase, phaseMean(row, phase)]).filter(([, mean]) => mean >= 0.0005);
    return told.map(([phase, mean]) => `${PHASE_WORDS[phase]} ${milliseconds(mean)} ms`).join(", ") || "no time at all";
  }
}

function load(address) {
  return new Promise((loaded, failed) => {
    const script = make("script", { src: address });
    script.addEventListener("load", loaded);
    script.addEventListener("error", () => failed(new Error(`${address} did not load`)));
    document.head.append(script);
  });
}

// In a report the library lies packed, at a fifth of its size.
async function unpack(id) {
  const packed = document.getElementById(id);
  if (!packed) throw new Error("the report was written without it");
  const bytes = Uint8Array.from(atob(packed.textContent), (letter) => letter.charCodeAt(0));
  const text = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  document.head.append(make("script", { textContent: text }));
}

if (!customElements.get("native-figures")) customElements.define("native-figures", NativeFigures);
