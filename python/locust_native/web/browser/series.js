// The points of a run as they come in piece by piece; the generator has merged the seconds of each.

class Run {
  constructor() {
    this.id = null;
    this.width = null;
    this.points = [];
  }

  // Workers report late: the last points are asked for again.
  get since() {
    const last = this.points[this.points.length - 1];
    return last ? last.at - 15 : null;
  }

  merge(view) {
    const { width, points } = view.series;
    const first = points[0];
    if (view.whole || view.started_at !== this.id || width !== this.width) this.points = points.slice();
    else if (first) {
      while (this.points.length && this.points[this.points.length - 1].at >= first.at) this.points.pop();
      this.points.push(...points);
    }
    this.id = view.started_at;
    this.width = width;
  }

  // The points in order, with a gap wherever a stretch has no request.
  get line() {
    const line = [];
    for (const point of this.points) {
      const before = line[line.length - 1];
      if (before && point.at > before.at + before.width) line.push({ at: before.at + before.width, width: this.width, gap: true });
      line.push(point);
    }
    return line;
  }
}

function worst(points, key) {
  return points.reduce((found, point) => (known(point[key]) && !(found && found[key] >= point[key]) ? point : found), null);
}

function least(points, key) {
  return points.reduce((found, point) => (known(point[key]) && !(found && found[key] <= point[key]) ? point : found), null);
}
