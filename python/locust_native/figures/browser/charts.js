// The three charts, drawn by Chart.js: what they show, in which colours, and what they say to those who cannot see them.

// Paul Tol's palettes "bright" and "light", made for colour-blind eyes; lines differ in their dashes, too.
const PALETTES = {
  light: {
    text: "rgba(0, 0, 0, 0.75)", grid: "rgba(0, 0, 0, 0.1)", ground: "#fff", limited: "rgba(238, 119, 51, 0.3)",
    p50: "#4477AA", p95: "#228833", p99: "#AA3377", max: "#777777", lag_max: "#4477AA",
    queued: "#BBBBBB", dns: "#AA3377", connect: "#CCBB44", tls: "#EE6677", send: "#66CCEE", wait: "#4477AA", download: "#228833",
  },
  dark: {
    text: "rgba(255, 255, 255, 0.85)", grid: "rgba(255, 255, 255, 0.14)", ground: "#121212", limited: "rgba(238, 136, 102, 0.4)",
    p50: "#77AADD", p95: "#EEDD88", p99: "#FFAABB", max: "#AAAAAA", lag_max: "#77AADD",
    queued: "#DDDDDD", dns: "#FFAABB", connect: "#EEDD88", tls: "#EE8866", send: "#99DDFF", wait: "#77AADD", download: "#44BB99",
  },
};

const LINES = [
  ["p50", "median (50 %)", [], 2],
  ["p95", "95 %", [8, 3], 1.75],
  ["p99", "99 %", [3, 3], 1.75],
  ["max", "slowest", [1, 3], 1.25],
];

const PHASES = ["queued", "dns", "connect", "tls", "send", "wait", "download"];
const PHASE_WORDS = {
  queued: "queued", dns: "DNS", connect: "connect", tls: "TLS", send: "send", wait: "wait for first byte", download: "download",
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
    this.dress = null;
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
    if (this.dress !== theme) {
      this.dress = theme;
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

  destroy() {
    this.chart.destroy();
    this.canvas.remove();
  }
}

const FONT = { family: 'Roboto, Helvetica, Arial, sans-serif', size: 12 };

function overTime(title) {
  return {
    type: "line",
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
        limited: { axis: "y", position: "right", display: false, min: 0, max: 1 },
      },
      plugins: {
        legend: { align: "start", labels: { font: FONT, usePointStyle: true, pointStyleWidth: 32, boxHeight: 6, generateLabels: dashed } },
        tooltip: {
          filter: (item) => item.dataset.key !== "limited" && known(item.raw.y),
          callbacks: {
            title: (items) => (items.length ? whichSeconds(items[0].raw) : ""),
            label: (item) => ` ${item.dataset.label}: ${milliseconds(item.raw.y)} ms`,
            footer: (items) => {
              const point = items.length && items[0].raw.point;
              return point ? `${several(point.requests, "request", "requests")}${point.limited ? `; ${LIMITED}` : ""}` : "";
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
  const most = Math.max(2, Math.floor(axis.width / 110));
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600].find((size) => (to - from) / size <= most) || 86400;
  const zone = new Date(axis.min).getTimezoneOffset() * 60;
  axis.ticks = [];
  for (let at = Math.ceil((from - zone) / step) * step + zone; at <= to; at += step) axis.ticks.push({ value: at * 1000 });
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
  for (const label of labels) label.lineDash = chart.data.datasets[label.datasetIndex].borderDash;
  return labels;
}

function whichSeconds({ x, width }) {
  const at = x / 1000;
  return width > 1 ? `${clock(at)} to ${clock(at + width - 1)}, the worst second of these` : clock(at);
}

function line(key, label, dash, thickness, { points, width }, theme) {
  const colour = PALETTES[theme][key];
  const few = points.length < 4;
  return {
    key, label, type: "line", yAxisID: "y", order: 1,
    data: points.map((point) => ({ x: point.at * 1000, y: known(point[key]) ? point[key] : null, point, width })),
    borderColor: colour, backgroundColor: colour, borderWidth: thickness, borderDash: dash, tension: 0,
    pointStyle: "line", pointRadius: few ? 3 : 0, pointHitRadius: 8, spanGaps: false,
  };
}

// From floor to ceiling on a scale of its own, behind the lines.
function shade({ points, width }, theme) {
  const colour = PALETTES[theme].limited;
  return {
    key: "limited", label: LIMITED, type: "line", yAxisID: "limited", order: 2, stepped: "middle", fill: "origin",
    data: points.map((point) => ({ x: point.at * 1000, y: point.gap ? null : Math.sign(point.limited), point, width })),
    backgroundColor: colour, borderColor: colour, borderWidth: 0, pointStyle: "rect", pointRadius: 0, pointHitRadius: 0,
  };
}

function timeSets(lines, series, theme) {
  const sets = lines.map(([key, label, dash, thickness]) => line(key, label, dash, thickness, series, theme));
  if (series.points.some((point) => point.limited)) sets.push(shade(series, theme));
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
          ticks: { font: FONT, autoSkip: false, callback(value) { return shortened(this.getLabelForValue(value), 44); } },
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
