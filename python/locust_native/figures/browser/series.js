// The seconds of a run as they come in piece by piece, and as many points of them as a chart can show.

class Run {
  constructor() {
    this.id = null;
    this.seconds = [];
  }

  // Workers report late: the last seconds are asked for again.
  get since() {
    const last = this.seconds[this.seconds.length - 1];
    return last ? last.at - 15 : null;
  }

  merge(view) {
    const first = view.seconds[0];
    if (view.whole || view.started_at !== this.id) this.seconds = view.seconds.slice();
    else if (first) {
      while (this.seconds.length && this.seconds[this.seconds.length - 1].at >= first.at) this.seconds.pop();
      this.seconds.push(...view.seconds);
    }
    this.id = view.started_at;
  }

  // At most about `limit` points. Percentiles cannot be averaged: a point stands for the worst of its seconds.
  points(limit) {
    const seconds = this.seconds;
    if (!seconds.length) return { width: 1, points: [] };
    const span = seconds[seconds.length - 1].at - seconds[0].at + 1;
    const width = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800].find((w) => span / w <= limit) || 3600;
    const points = [];
    let point = null;
    for (const second of seconds) {
      const at = Math.floor(second.at / width) * width;
      if (!point || point.at !== at) {
        // A stretch without any request stays empty.
        if (point && at > point.at + width) points.push({ at: point.at + width, gap: true });
        point = { at, requests: 0, failures: 0, limited: 0, p50: null, p95: null, p99: null, max: null, lag_max: null };
        points.push(point);
      }
      point.requests += second.requests;
      point.failures += second.failures;
      point.limited += second.limited ? 1 : 0;
      for (const key of ["p50", "p95", "p99", "max", "lag_max"]) {
        if (known(second[key]) && !(point[key] >= second[key])) point[key] = second[key];
      }
    }
    return { width, points };
  }
}

function worst(points, key) {
  return points.reduce((found, point) => (known(point[key]) && !(found && found[key] >= point[key]) ? point : found), null);
}

function least(points, key) {
  return points.reduce((found, point) => (known(point[key]) && !(found && found[key] <= point[key]) ? point : found), null);
}
