// The charts, drawn by Chart.js: what they show, in which colours, and what they say to those who cannot see them.

// Paul Tol's palettes "bright" and "light", made for colour-blind eyes; lines differ in their dashes, too.
const PALETTES = {
  light: {
    text: "rgba(0, 0, 0, 0.75)", grid: "rgba(0, 0, 0, 0.1)", ground: "#fff", limited: "rgba(238, 119, 51, 0.3)",
    p50: "#4477AA", p95: "#228833", p99: "#AA3377", max: "#777777", lag_max: "#4477AA", hiccup_max: "#AA3377",
    rate: "#4477AA", failed: "#CC3311", users: "#777777",
    queued: "#BBBBBB", dns: "#AA3377", connect: "#CCBB44", tls: "#EE6677", send: "#66CCEE", wait: "#4477AA", download: "#228833",
  },
  dark: {
    text: "rgba(255, 255, 255, 0.85)", grid: "rgba(255, 255, 255, 0.14)", ground: "#121212", limited: "rgba(238, 136, 102, 0.4)",
    p50: "#77AADD", p95: "#EEDD88", p99: "#FFAABB", max: "#AAAAAA", lag_max: "#77AADD", hiccup_max: "#FFAABB",
    rate: "#77AADD", failed: "#EE8866", users: "#AAAAAA",
    queued: "#DDDDDD", dns: "#FFAABB", connect: "#EEDD88", tls: "#EE8866", send: "#99DDFF", wait: "#77AADD", download: "#44BB99",
  },
};

const LINES = [
  ["p50", "median", [], 2],
  ["p95", "95 %", [8, 3], 1.75],
  ["p99", "99 %", [3, 3], 1.75],
  ["max", "slowest", [1, 3], 1.25],
];

// What a chart has beside the lines of LINES: a function of a point instead of a key, on the right where it says so.
const LOAD = [
  ["rate", "requests/s", [], 2, (point) => point.requests / point.covers],
  ["failed", "failures/s", [3, 3], 1.75, (point) => point.failures / point.covers],
  ["users", "users", [8, 3], 1.5, (point) => point.users, "right"],
];
const LAG = [["lag_max", "longest lag of an answer", [], 1.75], ["hiccup_max", "longest hiccup of event loop or I/O thread", [3, 3], 1.5]];

const PHASES = ["queued", "dns", "connect", "tls", "send", "wait", "download"];
const PHASE_WORDS = {
  queued: "queued", dns: "DNS", connect: "connect", tls: "TLS", send: "send", wait: "wait for first byte", download: "download",
};
const PHASE_MEANINGS = {
  queued: "in the core, before anything was done on the network: for its thread, for a free connection",
  dns: "looking up the name of the server", connect: "opening the connection", tls: "the TLS handshake",
  send: "writing the request", wait: "from its last byte to the first byte of the answer", download: "from there to its last byte",
};
const LIMITED = "generator was the limit";
const BARS = 20;

// The mean a request spent in a phase; where only some requests were measured in it, the others spent nothing.
function phaseMean(row, phase) {
  const spread = row.phases[phase];
  const most = Math.max(...PHASES.map((other) => row.phases[other]?.count || 0));
  return spread && most ? (spread.mean * spread.count) / most : null;
}

function allPhases(row) {
  return PHASES.reduce((sum, phase) => sum + (phaseMean(row, phase) || 0), 0);
}

class FiguresChart {
  constructor(Chart, box, configuration) {
    this.canvas = make("canvas", { role: "img" });
    this.box = box;
    box.append(this.canvas);
    this.chart = new Chart(this.canvas, configuration);
    this.merged = null;
  }

  describe(text) {
    if (this.canvas.getAttribute("aria-label") !== text) this.canvas.setAttribute("aria-label", text);
  }

  // Without animation, and colours only when the theme has changed: nothing flickers.
  draw(datasets, labels, theme) {
    const { data, options } = this.chart;
    if (labels) data.labels = labels;
    for (const set of datasets) {
      const had = data.datasets.find((other) => other.key === set.key);
      if (had) Object.assign(had, set);
      else data.datasets.push(set);
    }
    data.datasets = data.datasets.filter((had) => datasets.some((set) => set.key === had.key));
    if (this.merged !== theme) {
      this.merged = theme;
      const colours = PALETTES[theme];
      options.color = colours.text;
      options.plugins.legend.labels.color = colours.text;
      for (const scale of Object.values(options.scales)) {
        if (scale.display === false) continue;
        scale.ticks.color = colours.text;
        scale.title.color = colours.text;
        scale.grid.color = colours.grid;
        scale.border = { color: colours.grid };
      }
    }
    this.chart.update("none");
  }

  // The seconds in which the generator was the limit, whether or not a request ended in them.
  band(stretches, theme) {
    this.chart.bands = { stretches, colour: PALETTES[theme].limited };
  }

  destroy() {
    this.chart.destroy();
    this.canvas.remove();
  }
}

const FONT = { family: 'Roboto, Helvetica, Arial, sans-serif', size: 12 };

const BANDS = {
  id: "bands",
  beforeDatasetsDraw(chart) {
    const { ctx, chartArea: { left, right, top, bottom }, scales: { x }, bands } = chart;
    if (!bands) return;
    ctx.save();
    ctx.fillStyle = bands.colour;
    for (const { from, to } of bands.stretches) {
      const [begin, end] = [x.getPixelForValue(from * 1000), x.getPixelForValue((to + 1) * 1000)];
      const at = Math.max(left, Math.min(begin, right - 2));
      ctx.fillRect(at, top, Math.max(2, Math.min(end, right) - at), bottom - top);
    }
    ctx.restore();
  },
};

function overTime(title, right = null) {
  return {
    type: "line",
    plugins: [BANDS],
    data: { datasets: [] },
    options: {
      animation: false, responsive: true, maintainAspectRatio: false, parsing: false, normalized: true, font: FONT,
      interaction: { mode: "index", intersect: false, axis: "x" },
      scales: {
        x: {
          type: "time", offset: false, title: { display: false }, grid: {},
          afterBuildTicks: roundTimes,
          ticks: { maxRotation: 0, autoSkip: false, font: FONT, callback: (value) => clock(value / 1000) },
        },
        y: {
          type: "linear", beginAtZero: true, grid: {}, title: { display: true, text: title, font: FONT },
          afterBuildTicks: roundPowers, ticks: { font: FONT, callback: (value) => tick(value) },
        },
        ...(right ? { right: { axis: "y", position: "right", type: "linear", beginAtZero: true, grid: { display: false }, title: { display: true, text: right, font: FONT }, ticks: { font: FONT, precision: 0 } } } : {}),
      },
      plugins: {
        legend: { align: "start", labels: { font: FONT, usePointStyle: true, pointStyleWidth: 32, boxHeight: 6, generateLabels: dashed } },
        tooltip: {
          filter: (item) => item.dataset.key !== "limited" && known(item.raw.y),
          callbacks: {
            title: (items) => (items.length ? whichSeconds(items[0].raw) : ""),
            label: (item) => ` ${item.dataset.label}: ${item.dataset.unit ? `${milliseconds(item.raw.y)} ms` : tick(item.raw.y)}`,
            footer: (items) => {
              const point = items.length && items[0].raw.point;
              return point ? `${several(point.requests, "request", "requests")}${point.limited ? `; ${LIMITED}${point.width > 1 ? ` in ${point.limited} s of it` : ""}` : ""}` : "";
            },
          },
        },
      },
    },
  };
}

// Times of day that are whole minutes, quarters, hours where the width allows.
function roundTimes(axis) {
  const [from, to] = [axis.min / 1000, axis.max / 1000];
  const most = Math.max(3, Math.floor(axis.width / 90));
  const zone = new Date(axis.min).getTimezoneOffset() * 60;
  const ticks = (step) => {
    const found = [];
    for (let at = Math.ceil((from - zone) / step) * step + zone; at <= to; at += step) found.push({ value: at * 1000 });
    return found;
  };
  // The finest that the width allows.
  axis.ticks = [];
  for (const step of [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400]) {
    if ((to - from) / step > 4000) continue;
    axis.ticks = ticks(step);
    if (axis.ticks.length <= most) return;
  }
}

function tick(value) {
  return Number(value.toPrecision(6)).toLocaleString("en", { maximumFractionDigits: 6 });
}

// On a logarithmic scale 1, 2, 5 and their tens only; more of them would collide.
function roundPowers(axis) {
  if (axis.type === "logarithmic") axis.ticks = axis.ticks.filter(({ value }) => /^[125]\.00/.test(value.toExponential(2)));
}

// Chart.js leaves the dashes out of a legend that shows lines.
function dashed(chart) {
  const labels = chart.constructor.defaults.plugins.legend.labels.generateLabels(chart);
  for (const label of labels) {
    const set = chart.data.datasets[label.datasetIndex];
    Object.assign(label, { lineDash: set.borderDash, pointStyle: set.key === "limited" ? "rect" : "line" });
  }
  return labels;
}

function whichSeconds({ x, width }) {
  const at = x / 1000;
  return width > 1 ? `${clock(at)} to ${clock(at + width - 1)}` : clock(at);
}

function line([key, label, dash, thickness, of = (point) => point[key], axis = "y"], points, theme) {
  const colour = PALETTES[theme][key];
  const data = points.map((point) => {
    const y = point.gap ? null : of(point);
    return { x: point.at * 1000, y: known(y) ? y : null, point: point.gap ? null : point, width: point.width };
  });
  const has = (place) => known(data[place]?.y);
  return {
    key, label, type: "line", yAxisID: axis, order: 1, data, unit: axis === "y" && LINES.concat(LAG).some(([name]) => name === key),
    borderColor: colour, backgroundColor: colour, borderWidth: thickness, borderDash: dash, tension: 0,
    // Where a point has no neighbour there is no line to see.
    pointStyle: data.map((_, place) => (has(place) && !has(place - 1) && !has(place + 1) ? "circle" : "line")),
    pointRadius: data.map((_, place) => (has(place) && !has(place - 1) && !has(place + 1) ? 3 : 0)),
    pointHitRadius: 8, spanGaps: false,
  };
}

// Only for the legend: the bands are drawn from the stretches.
function shade(theme) {
  const colour = PALETTES[theme].limited;
  return {
    key: "limited", label: LIMITED, type: "line", yAxisID: "y", order: 2, data: [],
    backgroundColor: colour, borderColor: colour, borderWidth: 0, pointStyle: "rect", pointRadius: 0, pointHitRadius: 0,
  };
}

function timeSets(lines, points, stretches, theme) {
  const sets = lines.map((each) => line(each, points, theme));
  if (stretches.length) sets.push(shade(theme));
  return sets;
}

function stacked() {
  return {
    type: "bar",
    data: { labels: [], datasets: [] },
    options: {
      indexAxis: "y", animation: false, responsive: true, maintainAspectRatio: false, font: FONT,
      interaction: { mode: "index", intersect: false, axis: "y" },
      scales: {
        x: {
          stacked: true, beginAtZero: true, grid: {}, title: { display: true, text: "mean time per request, ms", font: FONT },
          ticks: { font: FONT, callback: (value) => tick(value) },
        },
        y: {
          stacked: true, grid: { display: false }, title: { display: false },
          ticks: { font: FONT, autoSkip: false, callback(value) { return shortened(this.getLabelForValue(value), Math.max(12, Math.min(44, Math.floor(this.chart.width / 18)))); } },
        },
      },
      plugins: {
        legend: { align: "start", labels: { font: FONT, boxWidth: 12, boxHeight: 12 } },
        tooltip: {
          filter: (item) => item.raw !== null,
          callbacks: {
            title: (items) => (items.length ? shortened(items[0].label, 120) : ""),
            label: (item) => ` ${item.dataset.label}: ${milliseconds(item.raw)} ms`,
            footer: (items) => `together: ${milliseconds(items.reduce((sum, item) => sum + (item.raw || 0), 0))} ms`,
          },
        },
      },
    },
  };
}

// The names that took most of the users' time, the largest share first.
function heaviest(rows) {
  return rows
    .filter((row) => row.phases && PHASES.some((phase) => row.phases[phase]))
    .map((row) => [row, row.requests * allPhases(row)])
    .sort((one, other) => other[1] - one[1])
    .slice(0, BARS)
    .map(([row]) => row);
}

function phaseSets(rows, theme) {
  return PHASES.filter((phase) => rows.some((row) => row.phases[phase])).map((phase) => ({
    key: phase, label: PHASE_WORDS[phase], data: rows.map((row) => phaseMean(row, phase)),
    backgroundColor: PALETTES[theme][phase], borderColor: PALETTES[theme].ground, borderWidth: { right: 1 }, borderSkipped: false,
    maxBarThickness: 22,
  }));
}
