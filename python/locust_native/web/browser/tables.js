// Tables that change in place: rows keep their identity, a cell is touched only when its text changes.

// 2 before 10, as people number things.
const natural = new Intl.Collator("en", { numeric: true });

function make(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made && name !== "role") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function show(element, whether) {
  if (element.hidden === whether) element.hidden = !whether;
}

// Columns: {title, of(row) → value to sort by, text(value, row), words: true for text, hint}
class FiguresTable {
  constructor(caption, columns, sortable = true) {
    this.columns = columns;
    this.rows = new Map();
    this.sorted = null;
    this.wanted = "";
    this.heads = columns.map((column, place) => this.head(column, place, sortable));
    this.body = make("tbody");
    this.foot = make("tfoot");
    this.table = make("table", {}, make("caption", { className: "unseen", textContent: caption }),
      make("thead", {}, make("tr", {}, ...this.heads)), this.body, this.foot);
    // Reachable by keyboard, since it may have to be scrolled.
    this.element = make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": caption }, this.table);
  }

  head(column, place, sortable) {
    const cell = make("th", { scope: "col", className: column.words ? "words" : "number" });
    if (column.hint) cell.title = column.hint;
    if (!sortable) cell.textContent = column.title;
    else {
      const button = make("button", { type: "button", textContent: column.title });
      button.addEventListener("click", () => this.sortBy(place));
      cell.append(button);
    }
    return cell;
  }

  // First click: names from A, numbers from the largest; second: the other way; third: as they came.
  sortBy(place) {
    const first = this.columns[place].words ? 1 : -1;
    const same = this.sorted && this.sorted.place === place;
    if (!same) this.sorted = { place, way: first };
    else this.sorted = this.sorted.way === first ? { place, way: -first } : null;
    this.heads.forEach((head, at) => {
      if (this.sorted && at === this.sorted.place) head.setAttribute("aria-sort", this.sorted.way > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    this.order();
  }

  update(rows, total = null) {
    const kept = new Map();
    this.given = rows.map((row, place) => {
      const key = row.key ?? `${row.method}\n${row.name}`;
      const shown = this.rows.get(key) || this.line(this.columns);
      kept.set(key, shown);
      this.fill(shown, row);
      shown.place = place;
      return shown;
    });
    for (const [key, shown] of this.rows) if (!kept.has(key)) shown.element.remove();
    this.rows = kept;
    this.order();
    if (total && !this.total) {
      this.total = this.line(this.columns);
      this.foot.append(this.total.element);
    }
    if (total) this.fill(this.total, total);
    this.align();
  }

  line(columns) {
    const first = columns.findIndex((column) => column.heads);
    const cells = columns.map((column, place) => {
      const cell = make(place === first ? "th" : "td", { className: column.words ? "words" : "number" });
      if (place === first) cell.scope = "row";
      return cell;
    });
    const line = make("tr", {}, ...cells);
    if (first >= 0) {
      const name = make("span", { className: "clamp" });
      cells[first].append(name);
      cells[first] = name;
    }
    return { element: line, cells, values: [] };
  }

  fill(shown, row) {
    shown.values = this.columns.map((column) => column.of(row));
    this.columns.forEach((column, place) => {
      const cell = shown.cells[place];
      const text = column.text ? column.text(shown.values[place], row) : String(shown.values[place] ?? "");
      say(cell, text);
      if (column.heads && text.length > 100 && cell.title !== text) cell.title = text;
    });
  }

  // Decimal points stand below each other: what is missing behind them follows unseen (the style sheet shows it so).
  align() {
    const lines = [...this.rows.values(), ...(this.total ? [this.total] : [])];
    this.columns.forEach((column, place) => {
      if (!column.decimals) return;
      const cells = lines.map(({ cells: all }) => all[place]);
      const fractions = cells.map(({ textContent }) => (textContent.split(".")[1] || "").length);
      const most = Math.max(0, ...fractions);
      cells.forEach((cell, at) => {
        const missing = most - fractions[at];
        const unseen = missing ? (fractions[at] ? "" : ".") + "0".repeat(missing) : "";
        if ((cell.dataset.pad || "") !== unseen) cell.dataset.pad = unseen;
      });
    });
  }

  // Shows only rows with these letters in one of their words.
  search(letters) {
    this.wanted = letters.trim().toLowerCase();
    this.order();
  }

  order() {
    let wanted = this.given || [];
    const words = this.columns.flatMap((column, place) => (column.words ? [place] : []));
    if (this.sorted) {
      const { place, way } = this.sorted;
      const value = (shown) => shown.values[place];
      const compare = this.columns[place].words ? natural.compare : (a, b) => a - b;
      wanted = [...wanted].sort((one, other) => {
        const [a, b] = [value(one), value(other)];
        if (!known(a) || !known(b)) return known(a) ? -1 : known(b) ? 1 : one.place - other.place;
        return way * compare(a, b) || one.place - other.place;
      });
    }
    for (const { element, values } of wanted) {
      show(element, !this.wanted || words.some((place) => String(values[place] ?? "").toLowerCase().includes(this.wanted)));
    }
    wanted.forEach(({ element }, place) => {
      if (this.body.children[place] !== element) this.body.insertBefore(element, this.body.children[place] || null);
    });
  }
}
